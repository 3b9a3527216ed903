//! The map for a terminal: by file, one place a line, and why below what is not safe.

use crate::findings::Report;
use crate::map::{Map, Place, Verdict};
use crate::output::text::looked_at;
use crate::output::{Style, plain};
use anstyle::{AnsiColor, Style as Ansi};
use std::path::Path;

/// Names in columns are padded to at most so many characters.
const WIDEST: usize = 34;

/// All places and the totals.
pub(super) fn render(map: &Map, report: &Report, style: &Style) -> String {
    let mut out = String::new();
    let ways: Vec<String> = map.places.iter().map(way).collect();
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0).min(WIDEST);
    let apis = width(&mut map.places.iter().map(|place| place.api.chars().count()));
    let mut file: Option<&Path> = None;
    for (place, way) in map.places.iter().zip(&ways) {
        let path = place.location.path.as_path();
        if file != Some(path) {
            out.push_str(if file.is_some() { "\n" } else { "" });
            out.push_str(&painted(&plain::line(&plain::path(path)), Ansi::new().bold(), style));
            out.push('\n');
            file = Some(path);
        }
        let start = place.location.start;
        let at = format!("{}:{}", start.line, start.column);
        let verdict = painted(&format!("{:7}", place.verdict.word()), colour(place.verdict), style);
        out.push_str(&format!("{at:>8}  {verdict}  {:apis$}  {}\n", place.api, plain::line(way)));
        if place.verdict != Verdict::Safe {
            out.push_str(&format!("{:8}  {}\n", "", plain::line(&place.reason)));
        }
    }
    if !map.apart.is_empty() {
        out.push_str("\nFindings that belong to no single call:\n");
        for finding in map.apart.iter().map(|at| &report.findings[*at]) {
            let (path, start) = (plain::path(&finding.location.path), finding.location.start);
            out.push_str(&format!(
                "{}:{}:{} {} {}\n",
                plain::line(&path),
                start.line,
                start.column,
                finding.code,
                plain::line(&finding.message)
            ));
        }
    }
    if !style.quiet {
        out.push_str(if out.is_empty() { "" } else { "\n" });
        out.push_str(&looked_at(report.summary.files, map.tally()));
        out.push('\n');
    }
    out
}

/// Who sends what to whom: `main → resize, load (initializer)`.
fn way(place: &Place) -> String {
    let first = place.workers.first().map(|worker| worker.slot.as_str());
    let mut workers: Vec<String> = place
        .workers
        .iter()
        .map(|worker| {
            let further = Some(worker.slot.as_str()) != first && worker.slot == "initializer";
            if further { format!("{} (initializer)", worker.name) } else { worker.name.clone() }
        })
        .collect();
    workers.dedup();
    let mut senders: Vec<&str> =
        place.workers.iter().map(|worker| worker.sender.as_str()).collect();
    senders.retain(|sender| *sender != place.context);
    senders.dedup();
    let senders: Vec<&str> = senders.into_iter().chain([place.context.as_str()]).collect();
    let mut way = senders.join(" → ");
    if !workers.is_empty() {
        way.push_str(&format!(" → {}", workers.join(", ")));
    }
    way
}

fn colour(verdict: Verdict) -> Ansi {
    let colour = match verdict {
        Verdict::Safe => AnsiColor::Green,
        Verdict::Faulty => AnsiColor::Red,
        Verdict::Unknown => AnsiColor::Yellow,
    };
    colour.on_default().bold()
}

fn painted(text: &str, paint: Ansi, style: &Style) -> String {
    if style.color { format!("{paint}{text}{paint:#}") } else { text.to_owned() }
}
