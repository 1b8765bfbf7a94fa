// Where periods are the columns, clicks headings and names of KPIs, looks whether the groups are in order and whole, and
// writes down what it found.
(function () {
  var wrong = [], clicks = 0, tables = 0;
  function groups(table) {
    var found = [];
    Array.from(table.tBodies[0].rows).forEach(function (row) {
      var key = row.getAttribute("data-key"), last = found[found.length - 1];
      if (last && last.key === key) last.rows.push(row); else found.push({ key: key, rows: [row] });
    });
    return found;
  }
  function texts(rows) { return rows.map(function (row) { return row.textContent; }).join("\n"); }
  function shown(row, place) {
    var text = row.cells[place].textContent.trim().replace(/^[!~*] (\* )?/, "").replace(/,/g, "");
    // an interval is sorted by where it begins; words say why there is no number
    var number = text === "" ? NaN : Number(/ to /.test(text) ? text.split(" to ")[0] : text.split("–")[0]);
    return isNaN(number) ? null : number;
  }
  document.querySelectorAll("table.grouped").forEach(function (table) {
    tables++;
    var head = Array.from(table.tHead.rows[0].cells);
    var labels = head.filter(function (cell) { return cell.classList.contains("label"); }).length;
    var total = table.tFoot ? table.tFoot.textContent : "", whole = {};
    groups(table).forEach(function (group) { whole[group.key] = texts(group.rows); });
    function look(at, place, ascending) {
      var all = groups(table);
      all.forEach(function (group) { if (whole[group.key] !== texts(group.rows)) wrong.push("a group was taken apart"); });
      if (all.length !== Object.keys(whole).length) wrong.push("a group was lost");
      var values = all.map(function (group) { return shown(group.rows[at], place); });
      var there = values.filter(function (value) { return value !== null; });
      for (var i = 1; i < there.length; i++) {
        if (ascending ? there[i - 1] > there[i] : there[i - 1] < there[i]) wrong.push(head[place].textContent + ": " + values.join(" "));
      }
      if (values.slice(0, there.length).indexOf(null) >= 0) wrong.push("nothing is not last");
      if (total !== (table.tFoot ? table.tFoot.textContent : "")) wrong.push("the total moved");
    }
    for (var at = 0; at < groups(table)[0].rows.length; at++) {
      groups(table)[0].rows[at].cells[labels - 1].querySelector("[role=button]").click();
      clicks++;
      head.slice(labels).forEach(function (heading, offset) {
        for (var turn = 0; turn < 2; turn++) {
          heading.querySelector("[role=button]").click();
          clicks++;
          look(at, labels + offset, heading.getAttribute("aria-sort") === "ascending");
        }
      });
      var pressed = table.querySelectorAll("[aria-pressed=true]").length;
      if (pressed !== groups(table).length) wrong.push(pressed + " names are chosen");
    }
  });
  var first = document.querySelector("#table-channels table.grouped");
  var row = Array.from(first.tBodies[0].rows).find(function (row) { return row.getAttribute("data-kpi") === "revenue"; });
  var buttons = Array.from(first.tHead.rows[0].cells).map(function (cell) { return cell.querySelector("[role=button]"); });
  row.querySelector(".label [role=button]").click();
  var heading = buttons.find(function (button) { return button && button.textContent.indexOf("2025-Q3") === 0; });
  heading.click();
  if (heading.parentNode.getAttribute("aria-sort") === "ascending") heading.click();
  var outcome = document.createElement("pre");
  outcome.id = "outcome";
  outcome.textContent = JSON.stringify({
    clicks: clicks, tables: tables, wrong: wrong,
    order: groups(first).map(function (group) { return JSON.parse(group.key)[0]; })
  });
  document.body.appendChild(outcome);
})();
