"use strict";
(() => {
  const box = document.getElementById("slider");
  if (!box || !box.dataset.rows) return;
  const rows = box.dataset.rows.split(";").map((row) =>
    row.split(",").map((value) => (value === "" ? null : Number(value))));
  const of = (name) => box.querySelector(`[data-of="${name}"]`);
  const say = (name, text) => { of(name).textContent = text; };
  const range = box.querySelector("input[type=range]"), cost = box.querySelector("input[type=text]");
  const plain = (value, digits) => (value === 0 || value === 1 ? String(value) : value.toFixed(digits));
  const digits = (low, high) => {
    for (let count = 2; count < 6; count += 1) {
      const [a, b] = [low.toFixed(count), high.toFixed(count)];
      if (a !== b && (Number(b) !== 1 || high === 1) && (Number(a) !== 0 || low === 0)) return count;
    }
    return 6;
  };
  const rate = (value, low, high) => {
    if (value === null) return "–";
    const count = digits(low, high);
    return `${value.toFixed(Math.max(count, 3))} (${plain(low, count)} to ${plain(high, count)})`;
  };
  const show = () => {
    const [threshold, called, tp, fp, fn, tn, ...rates] = rows[Number(range.value)];
    const all = tp + fp + fn + tn;
    say("threshold", threshold === null ? "–" : threshold.toPrecision(3));
    Object.entries({ tp, fp, fn, tn }).forEach(([name, count]) => say(name, String(count)));
    ["P0", "P1", "R0", "R1"].forEach((name, k) => say(name, rate(...rates.slice(3 * k, 3 * k + 3))));
    say("alarms", (1000 * called / all).toFixed(1));
    const [missed, alarm] = cost.value.split(":").map(Number);
    const fits = missed > 0 && alarm > 0 && cost.value.split(":").length === 2;
    const per = (wrong, right) => (1000 * (missed * wrong + alarm * right) / all).toFixed(1);
    say("cost", fits ? `${per(fn, fp)} per 1000 rows; predicting none positive ${per(tp + fn, 0)}, all ${per(0, fp + tn)}`
      : "type two numbers, such as 50:1");
    range.setAttribute("aria-valuetext", `threshold ${of("threshold").textContent}`);
  };
  range.max = String(rows.length - 1);
  range.value = box.dataset.start;
  range.addEventListener("input", show);
  cost.addEventListener("input", show);
  box.hidden = false;
  show();
})();
