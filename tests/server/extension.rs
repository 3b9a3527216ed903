//! The extension for Visual Studio Code: its settings are those of the server, and it packages.

use serde_json::{Map, Value, json};
use spawnsafe::server::ClientSettings;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode")
}

fn manifest() -> Value {
    let text = std::fs::read_to_string(folder().join("package.json")).expect("the manifest");
    serde_json::from_str(&text).expect("JSON")
}

/// The settings that the server reads, with their defaults.
fn settings() -> Map<String, Value> {
    let manifest = manifest();
    let all = manifest["contributes"]["configuration"]["properties"].as_object().expect("settings");
    all.iter()
        .map(|(name, about)| {
            (name.trim_start_matches("spawnsafe.").to_owned(), about["default"].clone())
        })
        .filter(|(name, _)| !matches!(name.as_str(), "path" | "trace.server"))
        .collect()
}

#[test]
fn the_settings_are_those_of_the_server() {
    let read = |value: Value| serde_json::from_value::<ClientSettings>(value);
    let defaults = read(Value::Object(settings())).expect("the defaults");
    let expected = ClientSettings {
        enable: Some(true),
        show_syntax_errors: Some(false),
        ..ClientSettings::default()
    };
    assert_eq!(defaults, expected);
    for name in settings().keys() {
        let nonsense = json!({ name: { "a": 1 } });
        assert!(read(nonsense).is_err(), "the server does not read '{name}'");
    }
    let page = std::fs::read_to_string(folder().join("../../docs/editors.md")).expect("the page");
    for name in settings().keys() {
        assert!(page.contains(&format!("`{name}`")), "docs/editors.md does not tell of '{name}'");
    }
}

#[test]
fn the_version_is_that_of_the_program() {
    assert_eq!(manifest()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn it_packages() {
    if !folder().join("node_modules/.bin/vsce").exists() {
        let message = "SKIPPED: no vsce; `npm ci` in editors/vscode brings it";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("{message}");
        return;
    }
    for script in ["test", "package"] {
        let done = Command::new("npm")
            .args(["run", script])
            .current_dir(folder())
            .output()
            .expect("npm starts");
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
        if script == "package" {
            assert!(said.contains("extension.js"), "{said}");
        }
    }
    assert!(folder().join("spawnsafe.vsix").is_file());
}
