// The search for the program.

"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");
const { NAME, expanded, find } = require("../src/program");

function folderWithProgram() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "spawnsafe-"));
  fs.writeFileSync(path.join(folder, NAME), "", { mode: 0o755 });
  return folder;
}

test("settings come before the environment, and that before PATH", () => {
  const [own, environment, common] = [folderWithProgram(), folderWithProgram(), folderWithProgram()];
  const everywhere = {
    named: ["/nowhere/spawnsafe", path.join(own, NAME)],
    interpreter: path.join(environment, "python"),
    searchPath: ["/nowhere", common].join(path.delimiter),
  };
  assert.strictEqual(find(everywhere), path.join(own, NAME));
  assert.strictEqual(find({ ...everywhere, named: [] }), path.join(environment, NAME));
  assert.strictEqual(find({ ...everywhere, named: [], interpreter: undefined }), path.join(common, NAME));
  assert.strictEqual(find({ named: [], searchPath: "/nowhere" }), undefined);
});

test("what is no program is passed over", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "spawnsafe-"));
  fs.mkdirSync(path.join(folder, NAME));
  assert.strictEqual(find({ searchPath: folder }), undefined);
});

test("paths of the settings are expanded", () => {
  assert.strictEqual(expanded("~/bin/x", "/w"), path.join(os.homedir(), "bin/x"));
  assert.strictEqual(expanded("${workspaceFolder}/.venv/bin/x", "/w"), "/w/.venv/bin/x");
  assert.strictEqual(expanded(".venv/bin/x", "/w"), path.join("/w", ".venv/bin/x"));
});
