"use strict";
// Filters what is there: without this script, and on paper, everything is shown.
(function () {
  var tools = document.getElementById("tools");
  var search = document.getElementById("search");
  var show = document.getElementById("show");
  var status = document.getElementById("matches");
  var boxes = Array.prototype.slice.call(document.querySelectorAll("[data-filter]"));
  var rows = null;
  var timer = null;
  var opened = [];

  function textOf(element) {
    return element.textContent.toLowerCase().replace(/\s+/g, " ");
  }

  // Read when somebody first asks: a long report opens faster.
  function read() {
    rows = [];
    boxes.forEach(function (box) {
      var heading = box.querySelector("h3");
      var name = heading ? textOf(heading) + " " : "";
      Array.prototype.forEach.call(box.querySelectorAll("tbody tr, li.row, div.row"), function (row) {
        rows.push({element: row, box: box, text: name + textOf(row), attention: row.querySelector(".bad, .warn") !== null});
      });
      // What is said of a device as a whole, such as its changes on record, is found and stays.
      Array.prototype.forEach.call(box.querySelectorAll(":scope > dl"), function (facts) {
        rows.push({element: null, box: box, text: name + textOf(facts), attention: false});
      });
    });
  }

  function apply() {
    if (rows === null) {
      read();
    }
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var all = show.value === "all";
    var filtering = words.length > 0 || !all;
    var found = 0;
    var inside = new Map();
    opened.forEach(function (details) { details.open = false; });
    opened = [];
    rows.forEach(function (row) {
      var match = (all || row.attention) && words.every(function (word) { return row.text.indexOf(word) !== -1; });
      if (row.element !== null) {
        row.element.hidden = !match;
      }
      if (match) {
        found += 1;
        inside.set(row.box, true);
        var details = filtering && row.element !== null ? row.element.closest("details:not([open])") : null;
        if (details !== null) {
          details.open = true;
          opened.push(details);
        }
      }
    });
    boxes.forEach(function (box) { box.hidden = filtering && !inside.has(box); });
    status.textContent = filtering ? found + " of " + rows.length + (rows.length === 1 ? " row matches" : " rows match") : "";
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(apply, 150);
  }

  function setAll(open) {
    return function () {
      Array.prototype.forEach.call(document.querySelectorAll("main details"), function (details) { details.open = open; });
      opened = [];
    };
  }

  search.addEventListener("input", later);
  show.addEventListener("change", apply);
  document.getElementById("open").addEventListener("click", setAll(true));
  document.getElementById("close").addEventListener("click", setAll(false));
  document.getElementById("reset").addEventListener("click", function () {
    search.value = "";
    show.value = "all";
    apply();
    search.focus();
  });
  // For browsers whose style sheets cannot open what is closed.
  window.addEventListener("beforeprint", setAll(true));
  tools.hidden = false;
}());
