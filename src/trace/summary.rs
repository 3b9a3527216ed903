//! What a trace says, as lines for a person.

use super::events::{Events, Part, Place};
use crate::output::plain;
use std::collections::BTreeSet;
use std::path::Path;

/// One line for each thing that failed or would fail, sorted by nothing but the run itself.
pub(crate) fn failures(events: &Events, folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for failure in &events.failures {
        let place = shown(failure.at.as_ref(), folder);
        let mood = if failure.when == "trial" {
            "would fail under spawn and forkserver"
        } else {
            "failed"
        };
        if failure.bad.is_empty() {
            lines.push(format!("{place}: {} {mood}: {}", failure.api, failure.error));
        }
        for bad in &failure.bad {
            let rule = if bad.rule.is_empty() { String::new() } else { format!(" [{}]", bad.rule) };
            lines.push(format!(
                "{place}: {} {mood}: `{}`: {}; {}{rule}",
                failure.api, bad.path, bad.reason, bad.advice
            ));
        }
    }
    for child in &events.children {
        let place = match (&child.at, &child.module_file, child.sent.first()) {
            (None, Some(file), _) => relative(file, folder),
            (None, None, Some(class)) => defined(class, folder),
            (at, ..) => shown(at.as_ref(), folder),
        };
        let what = match child.kind.as_str() {
            "bootstrap" => "a child started processes while it imported the main module",
            "gone" => "a child found a primitive gone",
            "name" => "a child did not find a name",
            _ => "what was sent could not be made again",
        };
        let rule = child.rule.as_ref().map(|rule| format!(" [{rule}]")).unwrap_or_default();
        lines.push(format!("{place}: {what}: {}{rule}", child.error));
    }
    for seen in &events.differing {
        let place = defined(&seen.worker, folder);
        lines.push(format!(
            "{place}: the worker '{}' reads '{}' as {}, in the parent it is {} [SP403]",
            seen.worker.qualname, seen.name, seen.child, seen.parent
        ));
    }
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    // Names are the program's, and may be anything.
    lines.iter().map(|line| plain::line(line).into_owned()).collect()
}

/// How much was seen.
pub(crate) fn totals(events: &Events) -> String {
    let places: BTreeSet<&Place> =
        events.dispatches.iter().filter_map(|dispatch| dispatch.at.as_ref()).collect();
    let sent = events.dispatches.len();
    format!(
        "{sent} {} seen at {}",
        if sent == 1 { "dispatch" } else { "dispatches" },
        crate::output::text::count(places.len(), "place"),
    )
}

fn shown(place: Option<&Place>, folder: &Path) -> String {
    place.map_or_else(
        || "(no place of the program's own)".to_owned(),
        |place| format!("{}:{}", relative(&place.file, folder), place.line),
    )
}

fn defined(part: &Part, folder: &Path) -> String {
    match &part.file {
        Some(file) => format!("{}:{}", relative(file, folder), part.line.unwrap_or(1)),
        None => part.qualname.clone(),
    }
}

fn relative(file: &Path, folder: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}
