// Starts `spawnsafe server` for Visual Studio Code and hands the editor's messages to it.

"use strict";

const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");
const program = require("./program");

/** @type {LanguageClient | undefined} */
let client;
/** @type {vscode.OutputChannel} */
let output;
// Starting and stopping wait for each other.
let last = Promise.resolve();

/** The Python of the workspace, if the Python extension is there to tell. */
async function interpreter(folder) {
  const python = vscode.extensions.getExtension("ms-python.python");
  if (!python) {
    return undefined;
  }
  const api = python.isActive ? python.exports : await python.activate();
  const environment = api?.environments?.getActiveEnvironmentPath?.(folder?.uri);
  const resolved = environment && (await api.environments.resolveEnvironment(environment));
  return resolved?.executable?.uri?.fsPath ?? environment?.path;
}

async function start(context) {
  const folder = vscode.workspace.workspaceFolders?.[0];
  const settings = vscode.workspace.getConfiguration("spawnsafe", folder?.uri);
  const command = program.find({
    named: settings.get("path", []),
    interpreter: await interpreter(folder).catch(() => undefined),
    workspaceFolder: folder?.uri.fsPath,
  });
  if (!command) {
    const show = "Open the settings";
    const text = "The program spawnsafe was not found. Install it with `pip install spawnsafe`, or name it in the settings.";
    if ((await vscode.window.showWarningMessage(text, show)) === show) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "spawnsafe.path");
    }
    return;
  }
  output.appendLine(`starting ${command} server`);
  client = new LanguageClient(
    "spawnsafe",
    "spawnsafe",
    { command, args: ["server"] },
    {
      documentSelector: [
        { scheme: "file", language: "python" },
        { scheme: "untitled", language: "python" },
      ],
      outputChannel: output,
      synchronize: { configurationSection: "spawnsafe" },
    },
  );
  await client.start();
}

async function stop() {
  const old = client;
  client = undefined;
  if (old && old.state !== State.Stopped) {
    await old.stop();
  }
}

function restart(context) {
  last = last
    .then(stop)
    .then(() => start(context))
    .catch((error) => {
      output.appendLine(String(error));
      vscode.window.showErrorMessage(`spawnsafe: ${error.message ?? error}`);
    });
  return last;
}

async function fixAll() {
  const editor = vscode.window.activeTextEditor;
  if (client && editor) {
    const uri = client.code2ProtocolConverter.asUri(editor.document.uri);
    await client.sendRequest("workspace/executeCommand", { command: "spawnsafe.fixFile", arguments: [uri] });
  }
}

async function activate(context) {
  output = vscode.window.createOutputChannel("spawnsafe");
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("spawnsafe.restart", () => restart(context)),
    vscode.commands.registerCommand("spawnsafe.showOutput", () => output.show()),
    vscode.commands.registerCommand("spawnsafe.fixAll", fixAll),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("spawnsafe.path")) {
        restart(context);
      }
    }),
  );
  await restart(context);
}

function deactivate() {
  return last.then(stop);
}

module.exports = { activate, deactivate };
