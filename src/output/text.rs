//! Findings for people: what, where (with the source), why, and what to do.

use super::html::number;
use super::{Style, plain};
use crate::findings::{
    Applicability, Dispatches, FileError, Finding, Remedy, Report, Severity, StartMethod,
};
use crate::text::{SourceFile, Span};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;
use std::path::Path;

/// Lines above and below a marked place.
const MARGIN: u32 = 1;
/// Places in one file that are further apart than this get frames of their own.
const NEAR: u32 = 40;

/// All findings and a summary.
pub fn render(report: &Report, style: &Style) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        out.push_str(&one(finding, report, style));
        out.push_str("\n\n");
    }
    if !style.quiet {
        out.push_str(&summary(report, style));
    }
    out
}

/// One finding with its source frame, without a last newline.
pub fn one(finding: &Finding, report: &Report, style: &Style) -> String {
    let places = places(finding);
    let frames: Vec<Frame> = frames(&places, report);
    let message = plain::line(&finding.message);
    let address = crate::rules::address(finding.code);
    let notes = notes(finding, style);
    let mut group: Group<'_> = level(finding.severity)
        .primary_title(message)
        .id(finding.code)
        .id_url(address)
        .elements(frames.iter().map(Frame::snippet));
    if frames.is_empty() {
        let start = finding.location.start;
        let origin = annotate_snippets::Origin::path(plain::path(&finding.location.path))
            .line(start.line as usize)
            .char_column(start.column as usize);
        group = group.element(origin);
    }
    for (level, note) in &notes {
        group = group.element(level.clone().message(note.as_str()));
    }
    renderer(style).render(&[group])
}

fn renderer(style: &Style) -> Renderer {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    renderer.term_width(style.width.unwrap_or(140).max(60))
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
        Severity::Critical => Level::ERROR.with_name("critical"),
    }
}

struct Place<'r> {
    path: &'r Path,
    span: Span,
    label: Option<&'r str>,
}

fn places(finding: &Finding) -> Vec<Place<'_>> {
    let primary = Place { path: &finding.location.path, span: finding.location.span, label: None };
    let related = finding.related.iter().map(|related| Place {
        path: &related.location.path,
        span: related.location.span,
        label: Some(&related.message),
    });
    std::iter::once(primary).chain(related).collect()
}

/// A piece of one file with the places to mark in it.
struct Frame {
    path: String,
    text: String,
    first_line: u32,
    marks: Vec<(Range<usize>, Option<String>)>,
}

impl Frame {
    fn snippet(&self) -> Snippet<'_, Annotation<'_>> {
        let marks = self.marks.iter().map(|(range, label)| match label {
            None => AnnotationKind::Primary.span(range.clone()),
            Some(label) => AnnotationKind::Context.span(range.clone()).label(label.as_str()),
        });
        Snippet::source(self.text.as_str())
            .path(self.path.as_str())
            .line_start(self.first_line as usize)
            .fold(true)
            .annotations(marks)
    }
}

/// Gathers places that stand near each other in one frame; the first place opens the first frame.
fn frames(places: &[Place<'_>], report: &Report) -> Vec<Frame> {
    let mut bundles: Vec<(&Path, &SourceFile, Span, Vec<&Place<'_>>)> = Vec::new();
    for place in places {
        let Some(source) = report.sources.get(place.path) else { continue };
        let span = first_line_only(source, place.span);
        let near = bundles.iter_mut().find(|(path, source, have, _)| {
            let all = have.cover(span);
            *path == place.path
                && source.lines().line(all.end) - source.lines().line(all.start) <= NEAR
        });
        match near {
            Some((_, _, have, members)) => {
                *have = have.cover(span);
                members.push(place);
            }
            None => bundles.push((place.path, source, span, vec![place])),
        }
    }
    bundles
        .into_iter()
        .map(|(path, source, span, members)| frame(path, source, span, &members))
        .collect()
}

fn frame(path: &Path, source: &SourceFile, span: Span, members: &[&Place<'_>]) -> Frame {
    let lines = source.lines();
    let first_line = lines.line(span.start).saturating_sub(MARGIN).max(1);
    let last_line = lines.line(span.end) + MARGIN;
    let start = lines.line_start(first_line);
    let end = if last_line >= lines.count() {
        source.text.len() as u32
    } else {
        lines.line_start(last_line + 1)
    };
    let (text, mapping) = harmless(source.slice(Span::new(start, end)));
    let marks = members
        .iter()
        .map(|place| {
            let span = first_line_only(source, place.span);
            let range = mapping.at(span.start - start)..mapping.at(span.end - start);
            (range, place.label.map(|label| plain::line(label).into_owned()))
        })
        .collect();
    Frame { path: plain::line(&plain::path(path)).into_owned(), text, first_line, marks }
}

/// A definition or a call of many lines is marked in its first line.
fn first_line_only(source: &SourceFile, span: Span) -> Span {
    let lines = source.lines();
    let line = lines.line(span.start);
    if lines.line(span.end) == line {
        return span;
    }
    let text = &source.text[span.start as usize..lines.line_start(line + 1) as usize];
    Span::new(span.start, span.start + text.trim_end().len() as u32)
}

/// Where bytes of the source went when hostile characters were replaced.
struct Mapping {
    /// Original offset behind a replaced character, and how much longer the text was by then.
    shifts: Vec<(u32, usize)>,
}

impl Mapping {
    fn at(&self, offset: u32) -> usize {
        let before = self.shifts.partition_point(|(at, _)| *at <= offset);
        offset as usize + before.checked_sub(1).map_or(0, |index| self.shifts[index].1)
    }
}

/// The source with controls (other than tabs and line ends) replaced; a lone `\r` ends no line here.
fn harmless(text: &str) -> (String, Mapping) {
    let mut out = String::with_capacity(text.len());
    let mut shifts = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let line_end = c == '\n' || (c == '\r' && matches!(chars.peek(), Some((_, '\n'))));
        if c == '\r' && !line_end {
            out.push('\n');
        } else if c == '\t' || line_end || !plain::is_hostile(c) {
            out.push(c);
        } else {
            out.push('\u{fffd}');
            shifts.push(((at + c.len_utf8()) as u32, out.len() - at - c.len_utf8()));
        }
    }
    (out, Mapping { shifts })
}

fn notes(finding: &Finding, style: &Style) -> Vec<(Level<'static>, String)> {
    let mut notes = vec![(Level::NOTE, format!("fails under {}", methods(&finding.start_methods)))];
    match &finding.remedy {
        Remedy::Fix(fix) => {
            let how = match fix.applicability {
                Applicability::Safe => "`spawnsafe fix --write` does it",
                Applicability::Unsafe if style.unsafe_fixes => {
                    "needs a look: this fix is not proven safe"
                }
                Applicability::Unsafe => "needs a look: `spawnsafe fix --unsafe-fixes` does it",
            };
            notes.push((Level::HELP, format!("{} ({how})", plain::line(&fix.title))));
        }
        Remedy::Refused(refusal) => {
            notes.push((Level::NOTE, format!("not rewritten: {}", plain::line(&refusal.detail))));
            if !refusal.advice.is_empty() {
                notes.push((Level::HELP, plain::line(&refusal.advice).into_owned()));
            }
        }
    }
    notes.push((Level::HELP, format!("`spawnsafe explain {}` says why", finding.code)));
    notes
}

fn methods(methods: &[StartMethod]) -> String {
    let names: Vec<&str> = methods
        .iter()
        .map(|method| match method {
            StartMethod::Fork => "fork",
            StartMethod::Forkserver => "forkserver",
            StartMethod::Spawn => "spawn",
        })
        .collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// One line for a file that could not be done: `path:line:column: message`.
pub fn error(failed: &FileError) -> String {
    let path = plain::path(&failed.path);
    let place =
        failed.place.map_or(String::new(), |place| format!(":{}:{}", place.line, place.column));
    format!("{}{place}: {}", plain::line(&path), plain::line(&failed.message))
}

/// The last lines: how much was found, what can be done about it, and what was looked at.
pub fn summary(report: &Report, _style: &Style) -> String {
    let looked = report.summary.dispatches.map(|tally| looked_at(report.summary.files, tally));
    let found = report.findings.len();
    if found == 0 {
        let files = count(report.summary.files, "file");
        let looked = looked.map_or(String::new(), |line| line + "\n");
        return format!("No findings in {files}.\n{looked}");
    }
    let of = |wanted: Applicability| {
        report
            .findings
            .iter()
            .filter(|finding| finding.fix().is_some_and(|fix| fix.applicability == wanted))
            .count()
    };
    let (safe, unsafe_) = (of(Applicability::Safe), of(Applicability::Unsafe));
    let mut out = format!("Found {}.\n", count(found, "finding"));
    if safe > 0 {
        out.push_str(&format!("{safe} can be repaired with `spawnsafe fix --write`.\n"));
    }
    if unsafe_ > 0 {
        out.push_str(&format!("{unsafe_} more with `--unsafe-fixes`.\n"));
    }
    out.push_str(&looked.map_or(String::new(), |line| line + "\n"));
    out
}

/// `looked at 1,440 files, 14 dispatches: 11 safe, 2 faulty, 1 unknown`.
pub fn looked_at(files: usize, tally: Dispatches) -> String {
    let dispatches = match tally.all() {
        1 => "1 dispatch".to_owned(),
        all => format!("{} dispatches", number(all)),
    };
    let mut line = format!(
        "looked at {} file{}, {dispatches}",
        number(files),
        if files == 1 { "" } else { "s" }
    );
    if tally.all() > 0 {
        line.push_str(&format!(
            ": {} safe, {} faulty, {} unknown",
            number(tally.safe),
            number(tally.faulty),
            number(tally.unknown)
        ));
    }
    line
}

/// `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
