//! All formats against their schemas and the rules that schemas do not state.

use crate::sample::{flood, report, style};
use serde_json::Value;
use spawnsafe::findings::Report;
use spawnsafe::output::{Format, github, render, statistics};
use std::collections::BTreeSet;

const SARIF: &str = include_str!("schemas/sarif-2.1.0.json");

#[track_caller]
fn text(format: Format, report: &Report) -> String {
    String::from_utf8(render(format, report, &style())).expect("all formats but the diff are UTF-8")
}

#[track_caller]
fn valid(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{value:#}", errors.join("\n"));
}

fn json(format: Format, report: &Report) -> Value {
    serde_json::from_str(&text(format, report)).expect("the output is JSON")
}

#[test]
fn json_fits_its_schema() {
    let value = json(Format::Json, &report());
    valid(spawnsafe::output::json::SCHEMA, &value);
    let first = &value["findings"][0];
    assert_eq!(first["path"], "pkg/a b.py");
    // Characters, not bytes: `name = "é€😀"; pool.submit(` has 26.
    assert_eq!((&first["line"], &first["column"]), (&3.into(), &27.into()));
    assert_eq!(first["fix"]["edits"][0]["content"], "work, 1");
    assert_eq!(value["findings"][1]["fix"]["reason"], "other-use");
    assert_eq!(value["errors"][0]["line"], 3);
    let lines = text(Format::Jsonl, &report());
    let parsed: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(parsed.len(), 5);
    assert_eq!(&parsed[0], first);
}

#[test]
fn json_of_a_fix_has_what_was_fixed() {
    let mut report = report();
    report.fixed = report.findings.split_off(2);
    let value = json(Format::Json, &report);
    valid(spawnsafe::output::json::SCHEMA, &value);
    assert_eq!(value["fixed"].as_array().map(Vec::len), Some(1));
}

#[test]
fn sarif_fits_the_published_schema_and_code_scanning() {
    let value = json(Format::Sarif, &report());
    // The published schema has a stray bracket in the pattern of a property that is not used here.
    valid(&SARIF.replace("{2}]?$", "{2}$"), &value);
    let run = &value["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    for rule in run["tool"]["driver"]["rules"].as_array().expect("rules") {
        assert!(!rule["help"]["text"].as_str().expect("help is required").is_empty());
        assert!(
            rule["shortDescription"]["text"]
                .as_str()
                .is_some_and(|text| text.chars().count() <= 1024)
        );
    }
    for result in run["results"].as_array().expect("results") {
        let region = &result["locations"][0]["physicalLocation"]["region"];
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(region[key].as_u64().is_some_and(|number| number > 0), "{key}: {result:#}");
        }
        assert!(
            result["partialFingerprints"]["primaryLocationLineHash"]
                .as_str()
                .is_some_and(|hash| hash.len() == 32)
        );
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    let artifact = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(artifact["uri"], "sub%20dir/pkg/a%20b.py");
    assert_eq!(
        run["originalUriBaseIds"][artifact["uriBaseId"].as_str().expect("a base")]["uri"],
        "file:///repo/"
    );
    assert_eq!(
        run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "sub%20dir/pkg/%C3%A9vil.py"
    );
    assert_eq!(
        run["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startColumn"],
        27
    );
    assert_eq!(run["results"][0]["relatedLocations"][0]["message"]["text"], "the executor");
}

#[test]
fn fingerprints_survive_moved_lines_and_differ() {
    let hashes = |report: &Report| -> Vec<String> {
        let value = json(Format::Json, report);
        value["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|finding| finding["fingerprint"].as_str().expect("text").to_owned())
            .collect()
    };
    let still = hashes(&flood(3));
    assert_eq!(still.iter().collect::<BTreeSet<_>>().len(), 3);
    let mut moved = flood(3);
    for finding in &mut moved.findings {
        finding.location.start.line += 10;
        finding.location.span.start += 100;
        finding.location.span.end += 100;
    }
    assert_eq!(hashes(&moved), still);
    let mut twins = flood(3);
    twins.findings.iter_mut().for_each(|finding| finding.subject = "same".into());
    assert_eq!(hashes(&twins).iter().collect::<BTreeSet<_>>().len(), 3, "equal texts are numbered");
}

#[test]
fn gitlab_fits_its_schema() {
    let value = json(Format::Gitlab, &report());
    valid(include_str!("schemas/gitlab.json"), &value);
    let issues = value.as_array().expect("an array");
    let fingerprints: BTreeSet<&str> =
        issues.iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
    assert_eq!(fingerprints.len(), issues.len(), "duplicates would be dropped");
    assert_eq!(issues[0]["location"]["path"], "sub dir/pkg/a b.py");
}

#[test]
fn rdjson_fits_its_schema_and_counts_bytes() {
    let value = json(Format::Rdjson, &report());
    valid(include_str!("schemas/rdjson.json"), &value);
    let first = &value["diagnostics"][2];
    // `name = "é€😀"; pool.submit(` is 32 bytes long.
    assert_eq!(first["location"]["range"]["start"]["column"], 33);
    let suggestion = &first["suggestions"][0];
    assert_eq!(
        suggestion["range"],
        serde_json::json!({ "start": { "line": 3 }, "end": { "line": 3 } })
    );
    assert_eq!(suggestion["text"], "name = \"é€😀\"; pool.submit(work, 1)");
    let lines = text(Format::Rdjsonl, &report());
    let parsed: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(&parsed, value["diagnostics"].as_array().expect("diagnostics"));
}

/// What a reviewer gets who takes the suggestion: whole lines replaced.
fn taken(text: &str, suggestion: &Value) -> String {
    let number = |end: &str| suggestion["range"][end]["line"].as_u64().expect("a line") as usize;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, last) = (number("start") - 1, number("end"));
    let ends = lines[last - 1].ends_with('\n');
    let new = suggestion["text"].as_str().expect("text");
    let middle = if new.is_empty() {
        String::new()
    } else {
        format!("{new}{}", if ends { "\n" } else { "" })
    };
    lines[..first].concat() + &middle + &lines[last..].concat()
}

#[test]
fn rdjson_suggestions_give_what_the_edits_give() {
    use crate::sample::{finding, source};
    use spawnsafe::findings::{Remedy, Severity};
    let text = "one\ntwo\n    three\nfour\n\nfive";
    let shapes: [&[(&str, &str)]; 7] = [
        &[("two", "2")],
        &[("one\n", "zero\none\n"), ("three", "3")],
        &[("two\n", "")],
        &[("two\n    three\n", "23\n")],
        &[("five", "5\n6")],
        &[("", "import x\n"), ("five", "5")],
        &[("four\n\n", "four\n"), ("one", "1")],
    ];
    for edits in shapes {
        let source = source(("a.py", text));
        let fix = crate::sample::fix(&source, edits);
        let wanted = spawnsafe::text::EditSet::new(fix.edits.iter().map(|edit| edit.edit.clone()))
            .expect("apart")
            .apply(text);
        let report = Report {
            findings: vec![finding(&source, "three", Severity::Error, Remedy::Fix(fix))],
            sources: [(source.path.clone(), source.clone())].into(),
            ..Report::default()
        };
        let value = json(Format::Rdjson, &report);
        assert_eq!(
            taken(text, &value["diagnostics"][0]["suggestions"][0]),
            wanted,
            "{edits:?}\n{value:#}"
        );
    }
}

#[test]
fn junit_reads_back() {
    let back = quick_junit::Report::deserialize_from_str(&text(Format::Junit, &report()))
        .expect("it is JUnit");
    assert_eq!((back.tests, back.failures, back.errors), (5, 3, 2));
    let clean = quick_junit::Report::deserialize_from_str(&text(Format::Junit, &Report::default()))
        .expect("it is JUnit");
    assert_eq!((clean.tests, clean.failures), (1, 0));
}

/// Splits a workflow command as the runner does; panics on what the runner would not take.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let rest = line.strip_prefix("::").expect("a command starts with ::");
    let (head, data) = rest.split_once("::").expect("a command has data");
    let (level, properties) = head.split_once(' ').expect("a command has properties");
    let properties = properties
        .split(',')
        .map(|pair| pair.split_once('=').expect("key=value"))
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    (level.to_owned(), properties.collect(), data.to_owned())
}

#[test]
fn github_commands_are_escaped_and_the_worst_come_first() {
    let out = text(Format::Github, &report());
    let commands: Vec<_> = out.lines().map(command).collect();
    assert_eq!(commands.len(), 5, "{out}");
    let known = ["file", "line", "endLine", "col", "endColumn", "title"];
    for (level, properties, data) in &commands {
        assert!(["error", "warning", "notice"].contains(&level.as_str()), "{level}");
        assert!(
            properties
                .iter()
                .all(|(key, value)| known.contains(&key.as_str()) && !value.contains(':')),
            "{properties:?}"
        );
        assert!(!data.chars().any(char::is_control), "{data:?}");
    }
    assert_eq!(commands[0].1[0].1, "sub dir/pkg/broken%2C1.py");
    assert_eq!(commands[0].2, "invalid syntax: 100%25");
    assert!(commands[2].2.contains("generator"), "a hang is worse than an exception: {out}");
    assert!(commands[2].2.contains("%0Areturn a list,%0Athen iterate"), "{out}");
    assert_eq!(commands[4].0, "warning");
}

#[test]
fn github_keeps_to_the_limits() {
    let out = text(Format::Github, &flood(30));
    assert_eq!(out.lines().filter(|line| line.starts_with("::warning")).count(), 10);
    assert_eq!(out.lines().filter(|line| line.starts_with("::notice")).count(), 1);
    assert_eq!(out.lines().filter(|line| line.starts_with("SP101")).count(), 20);
    let summary = github::summary(&flood(20_000), &style());
    assert!(summary.len() < 1 << 20, "{}", summary.len());
    assert!(summary.ends_with("more rows left out.\n"));
}

#[test]
fn github_summary_is_one_table() {
    let summary = github::summary(&report(), &style());
    let rows: Vec<&str> = summary.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 2 + 5, "{summary}");
    for row in rows {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
        assert!(!row.contains("<b>") && !row.contains("@all"), "{row}");
    }
}

#[test]
fn text_shows_the_source_and_nothing_hostile() {
    let out = text(Format::Text, &report());
    let bad = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!out.chars().any(bad), "{out:?}");
    for part in [
        "warning[SP101]",
        "pkg/a b.py:3:27",
        "pool.submit(lambda: work(1))",
        "the executor",
        "critical[SP101]",
        "not rewritten: used elsewhere",
        "spawnsafe explain SP101",
    ] {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
    let mut styled = style();
    styled.color = true;
    let colored = String::from_utf8(render(Format::Text, &report(), &styled)).expect("text");
    assert!(colored.contains("\x1b["));
    assert!(!colored.contains("\x1b[31m%0A"), "the source's own escape sequence is gone");
}

#[test]
fn text_marks_the_right_place_after_hostile_characters() {
    let source = crate::sample::source(("a.py", "s = '\x1b\u{202e}\x07'; f(lambda: 0)\n"));
    let refusal = spawnsafe::findings::Refusal::new(
        spawnsafe::findings::Reason::OtherUse,
        "used elsewhere",
        "",
    );
    let finding = crate::sample::finding(
        &source,
        "lambda: 0",
        spawnsafe::findings::Severity::Error,
        spawnsafe::findings::Remedy::Refused(refusal),
    );
    let report = Report {
        findings: vec![finding],
        sources: [(source.path.clone(), source)].into(),
        ..Report::default()
    };
    let out = text(Format::Text, &report);
    let lines: Vec<&str> = out.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("f(lambda: 0)"))
        .expect("the source line is shown");
    let column = |line: &str, part: &str| line.find(part).map(|byte| line[..byte].chars().count());
    assert_eq!(column(lines[at], "lambda"), column(lines[at + 1], "^"), "{out}");
}

/// Every span of a text with all kinds of line ends and characters, alone and beside another place.
#[test]
fn text_survives_any_span() {
    use spawnsafe::findings::{Location, Reason, Refusal, Related, Remedy, Severity};
    use spawnsafe::text::Span;
    let source = crate::sample::source((
        "a.py",
        "a\r\n\u{1b}é\t\u{202e}b\rc\n\n\x0c'''😀\n  x''' \\\n\u{2028}z",
    ));
    let mut ends: Vec<u32> = source.text.char_indices().map(|(at, _)| at as u32).collect();
    ends.push(source.text.len() as u32);
    let mut finding = crate::sample::finding(
        &source,
        "a",
        Severity::Error,
        Remedy::Refused(Refusal::new(Reason::OtherUse, "used elsewhere", "")),
    );
    let mut report =
        Report { sources: [(source.path.clone(), source.clone())].into(), ..Report::default() };
    for (index, start) in ends.iter().enumerate() {
        for end in &ends[index..] {
            finding.location = Location::new(&source, Span::new(*start, *end));
            finding.related = vec![Related {
                location: Location::new(&source, Span::new(*end, *end)),
                message: "there".into(),
            }];
            report.findings = vec![finding.clone()];
            for format in Format::ALL {
                let out = text(*format, &report);
                assert!(
                    !out.contains('\u{1b}') && (*format == Format::Diff || !out.is_empty()),
                    "{format:?} {start}..{end}: {out}"
                );
            }
        }
    }
    report.sources.clear();
    assert!(
        text(Format::Text, &report).contains("a.py:"),
        "a place without its source is told, too"
    );
}

#[test]
fn concise_is_one_line_each() {
    let out = text(Format::Concise, &report());
    assert!(out.starts_with("pkg/a b.py:3:27: SP101 [*] lambda is sent"), "{out}");
    assert_eq!(out.lines().count(), 3 + 2, "three findings and a summary of two lines: {out}");
}

#[test]
fn statistics_count_by_rule() {
    assert_eq!(
        statistics::render(Format::Text, &report(), &style()),
        "3  SP101  [*] lambda-callable\n"
    );
    let value: Value =
        serde_json::from_str(&statistics::render(Format::Json, &report(), &style())).expect("JSON");
    assert_eq!(value[0]["count"], 3);
}
