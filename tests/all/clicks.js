// Clicks every heading of a page twice, looks whether the rows are in order, and writes down what it found.
(function () {
  var wrong = [], clicks = 0;
  function values(table, place) {
    return Array.from(table.tBodies[0].rows).map(function (row) {
      var text = row.cells[place].textContent.trim().replace(/^[!~*] (\* )?/, "");
      var plain = text.replace(/,/g, "");
      return text === "" ? null : /^[+-]?[0-9.]+$/.test(plain) ? Number(plain) : text;
    });
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (heading, place) {
      var total = table.tFoot ? table.tFoot.textContent : "";
      for (var turn = 0; turn < 2; turn++) {
        heading.querySelector("[role=button]").click();
        clicks++;
        var all = values(table, place), there = all.filter(function (value) { return value !== null; });
        var up = heading.getAttribute("aria-sort") === "ascending";
        if (there.every(function (value) { return typeof value === "number"; })) {
          for (var i = 1; i < there.length; i++) {
            if (up ? there[i - 1] > there[i] : there[i - 1] < there[i]) wrong.push(heading.textContent + ": " + all.join(" "));
          }
          if (all.slice(0, there.length).indexOf(null) >= 0) wrong.push(heading.textContent + ": nothing is not last");
        }
        if (total !== (table.tFoot ? table.tFoot.textContent : "")) wrong.push("the total moved");
      }
      if (document.querySelectorAll("[aria-sort=ascending], [aria-sort=descending]").length > document.querySelectorAll("table.sortable").length) wrong.push("two orders at once");
    });
  });
  var money = document.querySelector("#table-channels table.sortable");
  var revenue = Array.from(money.tHead.rows[0].cells).find(function (cell) { return cell.textContent.indexOf("Revenue") === 0; });
  revenue.querySelector("[role=button]").click();
  if (revenue.getAttribute("aria-sort") === "ascending") revenue.querySelector("[role=button]").click();
  var order = Array.from(money.tBodies[0].rows).map(function (row) { return row.cells[0].textContent; });
  var cell = money.querySelector("td[tabindex]");
  cell.focus();
  cell.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
  // the narrowest window of a browser is wider than a phone
  document.body.style.width = "400px";
  var wide = document.body.scrollWidth;
  document.body.style.width = "";
  var outcome = document.createElement("pre");
  outcome.id = "outcome";
  outcome.textContent = JSON.stringify({
    clicks: clicks, wrong: wrong, order: order, loaded: performance.getEntriesByType("resource").length,
    inner: window.innerWidth, outer: document.documentElement.scrollWidth, wide: wide,
    moved: document.activeElement !== cell && document.activeElement.tagName === "TD"
  });
  document.body.appendChild(outcome);
})();
