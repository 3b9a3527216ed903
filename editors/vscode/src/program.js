// Where the program is: what the settings name, the Python environment, PATH, in this order.

"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const NAME = process.platform === "win32" ? "spawnsafe.exe" : "spawnsafe";

function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** A path of the settings with `${workspaceFolder}` and a leading `~` replaced. */
function expanded(text, workspaceFolder) {
  const home = text.startsWith("~") ? os.homedir() + text.slice(1) : text;
  const whole = home.replaceAll("${workspaceFolder}", workspaceFolder ?? "");
  return workspaceFolder && !path.isAbsolute(whole) ? path.join(workspaceFolder, whole) : whole;
}

/**
 * The program to start, or undefined.
 *
 * `named` are paths of the settings, `interpreter` is the Python of the workspace: the program lies beside it
 * if it was installed there.
 */
function find({ named = [], interpreter, workspaceFolder, searchPath = process.env.PATH ?? "" }) {
  const places = named.map((text) => expanded(text, workspaceFolder));
  if (interpreter) {
    places.push(path.join(path.dirname(interpreter), NAME));
  }
  for (const folder of searchPath.split(path.delimiter).filter(Boolean)) {
    places.push(path.join(folder, NAME));
  }
  return places.find(isProgram);
}

module.exports = { NAME, expanded, find };
