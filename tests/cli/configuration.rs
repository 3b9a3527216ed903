//! Configuration files: which one holds, and what is wrong in them.

use crate::tree::{FAULTY, Tree};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_nearest_file_wins() {
    let tree = Tree::new(&[
        ("pyproject.toml", "[project]\nname = \"x\"\n[tool.spawnsafe]\nignore = [\"SP101\"]\n"),
        ("a.py", FAULTY),
        ("sub/pyproject.toml", "[tool.other]\nx = 1\n"),
        ("sub/a.py", FAULTY),
        ("own/spawnsafe.toml", "[per-file-ignores]\n\"gen/*.py\" = [\"ALL\"]\n"),
        ("own/pyproject.toml", "[tool.spawnsafe]\nignore = [\"ALL\"]\n"),
        ("own/a.py", FAULTY),
        ("own/deep/a.py", FAULTY),
        ("own/gen/a.py", FAULTY),
    ]);
    assert_eq!(tree.found(&[]), ["own/a.py", "own/deep/a.py"]);
    assert_eq!(tree.found(&["--isolated"]).len(), 5);
    assert_eq!(tree.found(&["--config", "pyproject.toml"]).len(), 0);
    assert_eq!(
        tree.found(&["--select", "SP101"]),
        ["a.py", "own/a.py", "own/deep/a.py", "sub/a.py"],
        "per-file ignores still hold"
    );
    let patch = tree.run(&["fix"]).exits(0).text();
    assert_eq!(patch.matches("--- a/").count(), 2, "{patch}");
}

#[test]
fn exclude_and_format() {
    let tree = Tree::new(&[
        (
            "spawnsafe.toml",
            "extend-exclude = [\"gen\"]\noutput-format = \"concise\"\nrespect-gitignore = false\n",
        ),
        (".gitignore", "b.py\n"),
        ("a.py", "x = 1\n"),
        ("b.py", FAULTY),
        ("gen/a.py", FAULTY),
    ]);
    let out = tree.run(&["check"]).exits(1).text();
    assert!(out.starts_with("b.py:5:") && !out.contains("gen"), "{out}");
    assert!(
        tree.run(&["check", "--output-format", "json"]).exits(1).json()["findings"].is_array(),
        "the command line wins"
    );
}

#[test]
fn errors_have_a_place_and_a_hint() {
    let cases = [
        ("slect = []\n", ":1:1: unknown key 'slect'; did you mean 'select'?"),
        ("# x\nselect = 1\n", ":2:10: invalid type: integer `1`, expected a list in brackets"),
        ("ignore = [\"SP1\", \"SP9\"]\n", ":1:10: unknown rule 'SP9'"),
        ("target-version = \"2.7\"\n", ":1:18: Python 2.7 is not known"),
        ("guard-style = \"iff\"\n", ":1:15: unknown variant `iff`, expected `if` or `main`"),
        ("exclude = [\"a[\"]\n", ":1:11: error parsing glob 'a['"),
        ("x = = 1\n", ":1:5: "),
        (
            "[[executors]]\nid = \"a\"\npaths = [\"a.B\"]\nkind = \"class\"\ncallable = []\n",
            ":5:1: unknown key 'callable'; did you mean 'callables'?",
        ),
        ("[[executors]]\nid = \"a\"\npaths = [\"a.B\"]\n", ":1:1: missing field `kind`"),
        (
            "[[executors]]\nid = \"a\"\npaths = [\"B\"]\nkind = \"class\"\n",
            ":1:1: executor 'a': 'B' is no dotted path",
        ),
        (
            "[[executors]]\nid = \"a\"\npaths = [\"m.B.f\"]\nkind = \"method\"\n",
            ":1:1: executor 'a' is a method without a receiver",
        ),
        (
            "[[executors]]\nid = \"a\"\npaths = [\"m.B.f\"]\nkind = \"method\"\nreceiver = [\"zzz\"]\n",
            "there is no entry 'zzz'",
        ),
    ];
    for (text, wanted) in cases {
        let tree = Tree::new(&[
            ("a.py", "x = 1\n"),
            ("sub/spawnsafe.toml", text),
            ("sub/a.py", "x = 1\n"),
        ]);
        let err = tree.run(&["check"]).exits(2).err;
        assert!(
            err.contains("sub/spawnsafe.toml:") && err.contains(wanted),
            "{text}\nwanted {wanted}\ngot {err}"
        );
        tree.run(&["check", "--isolated"]).exits(0);
    }
    let tree =
        Tree::new(&[("a.py", "x = 1\n"), ("pyproject.toml", "[tool.spawnsafe]\nslect = []\n")]);
    assert!(tree.run(&["check"]).exits(2).err.contains("pyproject.toml:2:1: unknown key"));
    let tree = Tree::new(&[("a.py", "x = 1\n"), ("pyproject.toml", "not toml at all")]);
    tree.run(&["check"]).exits(0);
    assert!(
        tree.run(&["check", "--config", "gone.toml"])
            .exits(2)
            .err
            .contains("gone.toml: cannot be read")
    );
}

#[test]
fn styles_hold_for_the_files_below() {
    let script = "\
from concurrent.futures import ProcessPoolExecutor
def main(n):
    with ProcessPoolExecutor() as pool:
        print(pool.submit(lambda: n + 1).result())
if __name__ == '__main__':
    main(1)
";
    let tree = Tree::new(&[
        ("a.py", script),
        ("sub/a.py", script),
        ("sub/spawnsafe.toml", "bind = \"partial\"\n"),
    ]);
    tree.run(&["fix", "--write"]).exits(0);
    assert!(!tree.read("a.py").contains("partial("), "{}", tree.read("a.py"));
    assert!(tree.read("sub/a.py").contains("partial("), "{}", tree.read("sub/a.py"));
}

#[test]
fn executors_of_the_project() {
    let text = "import jobs\ndef work(): pass\nif __name__ == '__main__':\n    jobs.Farm().send(lambda: work())\n";
    let config = "\
[[tool.spawnsafe.executors]]
id = \"jobs.Farm\"
paths = [\"jobs.Farm\"]
kind = \"class\"

[[tool.spawnsafe.executors]]
id = \"jobs.Farm.send\"
paths = [\"jobs.Farm.send\"]
kind = \"method\"
receiver = [\"jobs.Farm\"]
callables = [{ name = \"job\", pos = 0 }]
";
    let tree = Tree::new(&[("a.py", text), ("pyproject.toml", config)]);
    assert_eq!(tree.found(&[]), ["a.py"]);
    assert_eq!(tree.found(&["--isolated"]), Vec::<String>::new());
}

/// A class that the project defines itself is known by its path, however it is imported, and in its own file.
#[test]
fn executors_that_the_project_defines() {
    let farm = "class Farm:\n    def send(self, job):\n        return job\n\n\ndef demo():\n    Farm().send(lambda: 1)\n";
    let uses = [
        ("by_name.py", "from infra.farm import Farm\n\n\ndef go():\n    Farm().send(lambda: 1)\n"),
        (
            "by_module.py",
            "from infra import farm as f\n\n\ndef go():\n    f.Farm().send(lambda: 1)\n",
        ),
        ("infra/beside.py", "from .farm import Farm\n\n\ndef go():\n    Farm().send(lambda: 1)\n"),
        (
            "another.py",
            "class Farm:\n    def send(self, job):\n        return job\n\n\nFarm().send(lambda: 1)\n",
        ),
    ];
    let config = "\
[[tool.spawnsafe.executors]]
id = \"farm\"
paths = [\"infra.farm.Farm\"]
kind = \"class\"

[[tool.spawnsafe.executors]]
id = \"farm.send\"
paths = [\"infra.farm.Farm.send\"]
kind = \"method\"
receiver = [\"farm\"]
callables = [{ name = \"job\", pos = 0 }]
";
    let mut files =
        vec![("infra/__init__.py", ""), ("infra/farm.py", farm), ("pyproject.toml", config)];
    files.extend(uses);
    assert_eq!(
        Tree::new(&files).found(&[]),
        ["by_module.py", "by_name.py", "infra/beside.py", "infra/farm.py"]
    );
}

#[test]
fn what_is_in_force() {
    let tree = Tree::new(&[
        (
            "pyproject.toml",
            "[project]\nrequires-python = \">=3.10, <4\"\n\n[tool.spawnsafe]\nignore = [\"SP101\"]\n",
        ),
        ("a.py", ""),
    ]);
    let out = tree.run(&["config", "a.py"]).exits(0).text();
    assert!(out.contains("ignore = [\"SP101\"]  # pyproject.toml:5\n"), "{out}");
    assert!(
        out.contains("target-version = \"3.10\"  # pyproject.toml: requires-python\n"),
        "{out}"
    );
    assert!(out.contains("guard-style = \"if\"  # default\n"), "{out}");
    let mut table: toml::Table = toml::from_str(&out).expect("it is TOML");
    table.remove("baseline");
    tree.write("again/spawnsafe.toml", toml::to_string(&table).expect("TOML").as_bytes());
    tree.run(&["config", "again"]).exits(0);
}

/// The JSON Schema and the reader know the same keys and the same values.
#[test]
fn the_schema_is_in_step_with_the_reader() {
    let tree = Tree::new(&[]);
    let schema = tree.run(&["config", "--schema"]).exits(0).json();
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let complaint = |text: &str| {
        tree.write("spawnsafe.toml", text.as_bytes());
        tree.run(&["config"]).err
    };
    let listed = |text: &str| -> BTreeSet<String> {
        let err = complaint(text);
        let names = err
            .split_once("expected")
            .or_else(|| err.split_once("known are"))
            .map(|(_, names)| names.replace("one of", "").replace(" or ", ","));
        let names = names.unwrap_or_else(|| panic!("no list in {err}"));
        names
            .split(',')
            .map(|name| name.trim_matches(|c: char| c.is_whitespace() || c == '`').to_owned())
            .collect()
    };
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().expect("properties").keys().cloned().collect()
    };
    assert_eq!(listed("completely-unknown-key = 1\n"), keys(&schema["properties"]));
    let entry = "[[executors]]\nid = \"a\"\npaths = [\"a.B\"]\nkind = \"class\"\n";
    let defs = &schema["definitions"];
    assert_eq!(
        listed(&format!("{entry}completely_unknown_key = 1\n")),
        keys(&defs["executor"]["properties"])
    );
    let own = &defs["executor"]["properties"];
    assert_eq!(
        listed(&format!("{entry}arguments = {{ completely_unknown_key = 1 }}\n")),
        keys(&own["arguments"]["properties"])
    );
    for list in ["when", "settings"] {
        assert_eq!(
            listed(&format!("{entry}{list} = [{{ completely_unknown_key = 1 }}]\n")),
            keys(&own[list]["items"]["properties"]),
            "{list}"
        );
    }
    assert_eq!(
        listed(&format!("{entry}context = {{ completely_unknown_key = 1 }}\n")),
        keys(&defs["parameter"]["properties"])
    );
    let values = |value: &Value| -> BTreeSet<String> {
        value["enum"]
            .as_array()
            .expect("an enum")
            .iter()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    };
    for (key, property) in schema["properties"]
        .as_object()
        .expect("properties")
        .iter()
        .filter(|(_, property)| property["enum"].is_array())
    {
        assert_eq!(listed(&format!("{key} = \"zzz\"\n")), values(property), "{key}");
    }
    for (key, property) in defs["executor"]["properties"]
        .as_object()
        .expect("properties")
        .iter()
        .filter(|(key, property)| property["enum"].is_array() && *key != "kind")
    {
        assert_eq!(listed(&format!("{entry}{key} = \"zzz\"\n")), values(property), "{key}");
    }
    // The defaults of the schema are what the reader takes and shows.
    let shown: toml::Table = {
        tree.write("spawnsafe.toml", b"");
        toml::from_str(&tree.run(&["config"]).exits(0).text()).expect("TOML")
    };
    for (key, property) in schema["properties"].as_object().expect("properties") {
        if let Some(default) = property.get("default") {
            assert_eq!(&serde_json::to_value(&shown[key]).expect("JSON"), default, "{key}");
        }
    }
    assert!(validator.is_valid(&serde_json::json!({ "select": ["SP1"], "executors": [{ "id": "a", "paths": ["a.B"], "kind": "class" }] })));
    assert!(!validator.is_valid(&serde_json::json!({ "slect": [] })));
}

#[test]
fn the_documentation_knows_every_key_and_every_format() {
    let page = |name: &str| {
        std::fs::read_to_string(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name),
        )
        .expect("the page is there")
    };
    let (configuration, formats) = (page("configuration.md"), page("formats.md"));
    let schema = Tree::new(&[]).run(&["config", "--schema"]).json();
    let rows = |page: &str| -> BTreeSet<String> {
        page.lines()
            .filter_map(|line| {
                line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name.to_owned())
            })
            .filter(|name| !name.starts_with('#'))
            .collect()
    };
    assert_eq!(
        rows(&configuration),
        schema["properties"].as_object().expect("properties").keys().cloned().collect()
    );
    assert_eq!(
        rows(&formats),
        spawnsafe::output::Format::ALL.iter().map(|format| format.name().to_owned()).collect()
    );
    let start = configuration.find("[[tool.spawnsafe.executors]]").expect("an example");
    let example =
        &configuration[start..start + configuration[start..].find("```").expect("its end")];
    let tree = Tree::new(&[("pyproject.toml", example)]);
    assert!(
        tree.run(&["config"])
            .exits(0)
            .text()
            .contains("executors = [\"jobs.Farm\", \"jobs.Farm.send\"]")
    );
}
