// Headings become buttons that sort, and the arrow keys move between cells. Without this the page shows the same.
(function () {
  "use strict";

  function key(row, place) {
    var cell = row.cells[place];
    var number = cell.getAttribute("data-sort") || (cell.getAttribute("data-v") || "").split("|")[0];
    return number ? Number(number) : cell.textContent.trim();
  }

  function compare(one, other) {
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), document.documentElement.lang, { numeric: true });
  }

  function sort(table, place) {
    var heading = table.tHead.rows[0].cells[place];
    var body = table.tBodies[0];
    var rows = Array.from(body.rows);
    var isNumber = rows.some(function (row) { return typeof key(row, place) === "number"; });
    var now = heading.getAttribute("aria-sort");
    var ascending = now === "none" ? !isNumber : now === "descending";
    rows.sort(function (one, other) {
      var first = key(one, place), second = key(other, place);
      // what has no value stays below, whichever way
      if (first === "" || second === "") return (first === "") - (second === "");
      return ascending ? compare(first, second) : compare(second, first);
    });
    Array.from(table.tHead.rows[0].cells).forEach(function (cell) { cell.setAttribute("aria-sort", "none"); });
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    rows.forEach(function (row) { body.appendChild(row); });
  }

  // the raw number of a cell among the rows of its group
  function number(rows, row, place) {
    var own = row.cells[place].getAttribute("data-sort");
    if (own !== null) return own;
    var part = Number(row.getAttribute("data-part") || 0);
    // the row of the value itself has its numerator, its denominator and its interval
    var value = part ? rows.find(function (other) {
      return other.getAttribute("data-kpi") === row.getAttribute("data-kpi") && other.cells[place].hasAttribute("data-v");
    }) : row;
    return value ? (value.cells[place].getAttribute("data-v") || "").split("|")[part] || "" : "";
  }

  function nameOf(row) { return row.getAttribute("data-kpi") + "/" + (row.getAttribute("data-part") || ""); }

  // where periods are the columns, groups of rows are sorted by one of their rows
  function sortGroups(table, chosen, place, ascending) {
    var body = table.tBodies[0], groups = [];
    Array.from(body.rows).forEach(function (row) {
      var last = groups[groups.length - 1];
      if (last && last[0].getAttribute("data-key") === row.getAttribute("data-key")) last.push(row);
      else groups.push([row]);
    });
    var keyed = groups.map(function (rows) {
      var row = rows.find(function (row) { return nameOf(row) === chosen; });
      var text = row ? number(rows, row, place) : "";
      return { rows: rows, key: text === "" ? "" : Number(text) };
    });
    keyed.sort(function (one, other) {
      if (one.key === "" || other.key === "") return (one.key === "") - (other.key === "");
      return ascending ? one.key - other.key : other.key - one.key;
    });
    keyed.forEach(function (group) { group.rows.forEach(function (row) { body.appendChild(row); }); });
  }

  function button(cell, click) {
    // a real button is not painted in the heading that a further printed page repeats
    var button = document.createElement("span");
    button.setAttribute("role", "button");
    button.tabIndex = 0;
    while (cell.firstChild) button.appendChild(cell.firstChild);
    cell.appendChild(button);
    button.addEventListener("click", click);
    button.addEventListener("keydown", function (event) {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      click();
    });
    return button;
  }

  function makeGroupsSortable(table) {
    var head = Array.from(table.tHead.rows[0].cells);
    var labels = head.filter(function (cell) { return cell.classList.contains("label"); }).length;
    var rows = Array.from(table.tBodies[0].rows);
    var chosen = nameOf(rows[0]), place = head.length - 1, ascending = false;
    function show() {
      sortGroups(table, chosen, place, ascending);
      head.slice(labels).forEach(function (cell, at) {
        cell.setAttribute("aria-sort", at + labels !== place ? "none" : ascending ? "ascending" : "descending");
      });
      rows.forEach(function (row) {
        row.cells[labels - 1].firstChild.setAttribute("aria-pressed", String(nameOf(row) === chosen));
      });
    }
    head.slice(labels).forEach(function (cell, at) {
      cell.setAttribute("aria-sort", "none");
      button(cell, function () {
        ascending = cell.getAttribute("aria-sort") === "descending";
        place = at + labels;
        show();
      });
    });
    rows.forEach(function (row) {
      var choose = button(row.cells[labels - 1], function () {
        ascending = nameOf(row) === chosen && choose.getAttribute("aria-pressed") === "true" && !ascending;
        chosen = nameOf(row);
        show();
      });
      choose.setAttribute("aria-pressed", "false");
      // one group of stops of the tab key is enough
      if (row.getAttribute("data-key") !== rows[0].getAttribute("data-key")) choose.tabIndex = -1;
    });
  }

  // what a cell tells begins with its row and its heading, which may be out of sight
  function name(table, cell) {
    if (cell.tagName !== "TD" || !cell.title || cell.named) return;
    var labels = Array.from(cell.parentNode.querySelectorAll(".label"));
    var parts = labels.concat(table.tHead.rows[0].cells[cell.cellIndex]).map(function (part) { return part.textContent.trim(); });
    cell.title = parts.filter(Boolean).join(", ") + ": " + cell.textContent + "\n" + cell.title;
    cell.named = true;
  }

  function move(table, event) {
    var steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    var step = steps[event.key];
    var cell = event.target;
    if (!step || cell.tagName !== "TD") return;
    var rows = Array.from(table.rows);
    var row = rows.indexOf(cell.parentNode) + step[0];
    var next = rows[row] && rows[row].cells[cell.cellIndex + step[1]];
    if (!next || !next.hasAttribute("tabindex")) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    event.preventDefault();
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (heading, place) {
      heading.setAttribute("aria-sort", "none");
      button(heading, function () { sort(table, place); });
    });
  });

  document.querySelectorAll("table.grouped").forEach(makeGroupsSortable);

  document.querySelectorAll("svg[role=group]").forEach(function (chart) {
    // one stop of the tab key a chart, the arrows go from point to point
    var points = Array.from(chart.querySelectorAll(".point"));
    points.forEach(function (point, place) { point.setAttribute("tabindex", place ? "-1" : "0"); });
    chart.addEventListener("keydown", function (event) {
      var step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      var next = step && points[points.indexOf(event.target) + step];
      if (!next) return;
      event.target.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
      event.preventDefault();
    });
  });

  document.querySelectorAll(".scroll table").forEach(function (table) {
    // one stop of the tab key a table, the arrows do the rest
    table.querySelectorAll("td[data-v]").forEach(function (cell, place) { cell.tabIndex = place ? -1 : 0; });
    table.addEventListener("mouseover", function (event) { name(table, event.target); });
    table.addEventListener("focusin", function (event) { name(table, event.target); });
    table.addEventListener("keydown", function (event) { move(table, event); });
    table.addEventListener("focusin", function (event) {
      if (event.target.tagName !== "TD") return;
      table.querySelectorAll("td[tabindex='0']").forEach(function (cell) { cell.tabIndex = -1; });
      event.target.tabIndex = 0;
    });
  });
})();
