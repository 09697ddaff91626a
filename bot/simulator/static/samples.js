// A picture and a file to send for someone who has none at hand.

function written(context, x, y, widths, gap) {
  widths.forEach((width, i) => context.fillRect(x, y + i * gap, width, 5));
}

/** A photo of an invented letter on a table, as a JPEG. */
export function samplePhoto() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 720, height: 540 });
  const c = canvas.getContext("2d");
  const table = c.createLinearGradient(0, 0, 720, 540);
  table.addColorStop(0, "#b88a5c");
  table.addColorStop(1, "#8a6039");
  c.fillStyle = table;
  c.fillRect(0, 0, 720, 540);
  c.strokeStyle = "rgba(70, 40, 15, 0.18)";
  c.lineWidth = 3;
  for (let i = 0; i < 14; i += 1) {
    c.beginPath();
    c.moveTo(-10, i * 44);
    c.bezierCurveTo(200, i * 44 + 20, 480, i * 44 - 26, 740, i * 44 + 12);
    c.stroke();
  }
  c.translate(365, 300);
  c.rotate(-0.06);
  c.shadowColor = "rgba(0, 0, 0, 0.4)";
  c.shadowBlur = 30;
  c.shadowOffsetY = 12;
  c.fillStyle = "#fdfcf8";
  c.fillRect(-190, -262, 380, 540);
  c.shadowColor = "transparent";
  c.fillStyle = "#0b6e75";
  c.fillRect(-160, -232, 34, 34);
  c.font = "bold 22px sans-serif";
  c.fillText("Gemeente", -116, -208);
  c.fillStyle = "#22303a";
  c.font = "bold 19px sans-serif";
  c.fillText("Uitnodiging taaltoets", -160, -112);
  c.fillStyle = "#9aa5ad";
  written(c, -160, -170, [120, 96, 132], 14);
  written(c, -160, -84, [300, 312, 286, 305, 180], 20);
  written(c, -160, 40, [310, 296, 240], 20);
  written(c, -160, 130, [90, 130], 20);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.86));
}

/** A one-page PDF. */
export function sampleFile() {
  const stream = "BT /F1 22 Tf 72 760 Td (Voorbeeld: bewijs van inschrijving taalcursus) Tj ET";
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
    `<</Length ${stream.length}>>stream\n${stream}\nendstream`,
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
  ];
  let text = "%PDF-1.4\n";
  const starts = objects.map((body, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj${body}endobj\n`;
    return `${String(at).padStart(10, "0")} 00000 n \n`;
  });
  const table = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${starts.join("")}`;
  text += `trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`;
  return new Blob([text], { type: "application/pdf" });
}
