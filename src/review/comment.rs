//! What a review says, before it takes the form of a platform.

use super::changes::{Changes, FileChanges, Lines};
use super::introduced::lines_of;
use super::markdown::{code, cut, fenced, marks, prose, visible};
use super::place::Places;
use super::suggestion::{Block, block};
use crate::findings::{Applicability, Finding, Fix, Location, Remedy, Report, StartMethod};
use crate::output::diff::{header_path, unified_bytes};
use crate::text::EditSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A patch longer than this (bytes) is not shown in a comment.
const PATCH_BYTES: usize = 12_000;
/// A message longer than this (bytes) is cut.
const MESSAGE_BYTES: usize = 600;
/// Findings of one rewrite that a comment describes, and other places of one finding that it names.
const PARAGRAPHS: usize = 6;
/// A place of more lines than this is shown by its first line.
const TALL: u32 = 12;

/// How much a review may say.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Comments beside lines. More of them at once meet the platforms' secondary rate limits.
    pub comments: usize,
    /// Findings listed in the body.
    pub listed: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { comments: 30, listed: 200 }
    }
}

/// A comment beside lines of the new side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The file as the diff names it.
    pub path: String,
    /// The lines it stands beside; one hunk shows them all.
    pub lines: Lines,
    /// The fingerprints of its findings.
    pub fingerprints: Vec<String>,
    /// Markdown above the remedy.
    pub head: String,
    /// The fix as a replacement of exactly `lines`.
    pub suggestion: Option<Block>,
    /// Markdown below.
    pub tail: String,
    /// One line for a list, Markdown.
    pub summary: String,
}

impl Comment {
    /// The whole text; `info` is the platform's info string of a suggestion.
    pub fn body(&self, info: &str) -> String {
        let suggestion = self
            .suggestion
            .as_ref()
            .map(|block| fenced(info, &block.text) + "\n")
            .unwrap_or_default();
        format!("{}{}\n\n{suggestion}{}", marks(&self.fingerprints), self.head, self.tail)
    }
}

/// A finding that has no line of the diff, or no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The fingerprints of its findings.
    pub fingerprints: Vec<String>,
    /// One line of Markdown.
    pub summary: String,
}

/// All that a review says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// Beside lines, worst first.
    pub comments: Vec<Comment>,
    /// In the body, worst first.
    pub rest: Vec<Entry>,
    /// How many findings are not even listed.
    pub unlisted: usize,
}

impl Review {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.comments.is_empty() && self.rest.is_empty()
    }

    /// The body: how much was found, and what has no place beside a line.
    pub fn body(&self) -> String {
        let prints: Vec<String> =
            self.rest.iter().flat_map(|entry| entry.fingerprints.clone()).collect();
        let mut out = marks(&prints);
        let number: usize =
            self.comments.iter().map(|comment| comment.fingerprints.len()).sum::<usize>()
                + prints.len()
                + self.unlisted;
        let findings = if number == 1 { "finding" } else { "findings" };
        out.push_str(&format!("spawnsafe: this change brings {number} {findings} about what crosses to other processes.\n"));
        if !self.rest.is_empty() {
            out.push_str(
                "\nOutside of the lines that can be commented, or too many for comments:\n\n",
            );
        }
        for entry in &self.rest {
            out.push_str(&format!("- {}\n", entry.summary));
        }
        if self.unlisted > 0 {
            out.push_str(&format!(
                "\n{} more are not listed; `spawnsafe review` prints them all.\n",
                self.unlisted
            ));
        }
        out
    }

    /// The same review with every comment moved into the body: for when the platform takes no comments.
    pub fn flattened(&self, limits: Limits) -> Self {
        let entries = self.comments.iter().map(|comment| Entry {
            fingerprints: comment.fingerprints.clone(),
            summary: comment.summary.clone(),
        });
        let mut rest: Vec<Entry> = entries.chain(self.rest.iter().cloned()).collect();
        let unlisted = self.unlisted + rest.len().saturating_sub(limits.listed);
        rest.truncate(limits.listed);
        Self { comments: Vec::new(), rest, unlisted }
    }
}

/// Findings that one rewrite mends, or one that none mends.
struct Topic<'r> {
    findings: Vec<(&'r Finding, String)>,
}

/// What the review of a change needs to know.
#[derive(Debug)]
pub struct Subject<'r> {
    /// The findings that the change introduced, and the texts of the files.
    pub report: &'r Report,
    /// Their fingerprints, in the same order.
    pub fingerprints: &'r [String],
    /// What the change does.
    pub changes: &'r Changes,
    /// How findings' paths become those of the diff.
    pub places: &'r Places,
    /// Whether fixes that need consent may be offered for one click.
    pub unsafe_fixes: bool,
}

/// Says all that was not said before. `known` holds the fingerprints of earlier comments.
pub fn compose(subject: &Subject<'_>, known: &BTreeSet<String>, limits: Limits) -> Review {
    let mut review = Review::default();
    let mut taken: BTreeMap<String, Vec<Lines>> = BTreeMap::new();
    for topic in topics(subject, known) {
        match comment(subject, &topic, &taken) {
            Some(comment) if review.comments.len() < limits.comments => {
                if comment.suggestion.is_some() {
                    taken.entry(comment.path.clone()).or_default().push(comment.lines);
                }
                review.comments.push(comment);
            }
            _ if review.rest.len() < limits.listed => review
                .rest
                .push(Entry { fingerprints: topic.prints(), summary: topic.summary(subject) }),
            _ => review.unlisted += topic.findings.len(),
        }
    }
    review
}

/// The new findings by rewrite, worst first, then in the order of the report.
fn topics<'r>(subject: &Subject<'r>, known: &BTreeSet<String>) -> Vec<Topic<'r>> {
    let mut topics: Vec<Topic<'r>> = Vec::new();
    for (finding, print) in subject.report.findings.iter().zip(subject.fingerprints) {
        if known.contains(print) {
            continue;
        }
        let same = topics.iter_mut().find(|topic| {
            topic.findings[0]
                .0
                .fix()
                .is_some_and(|fix| finding.fix().is_some_and(|own| own.edits == fix.edits))
        });
        match same {
            Some(topic) => topic.findings.push((finding, print.clone())),
            None => topics.push(Topic { findings: vec![(finding, print.clone())] }),
        }
    }
    topics.sort_by_key(|topic| {
        std::cmp::Reverse(topic.findings.iter().map(|(finding, _)| finding.severity).max())
    });
    topics
}

impl Topic<'_> {
    fn prints(&self) -> Vec<String> {
        self.findings.iter().map(|(_, print)| print.clone()).collect()
    }

    fn summary(&self, subject: &Subject<'_>) -> String {
        let (finding, _) = &self.findings[0];
        let more = match self.findings.len() {
            1 => String::new(),
            count => format!(" (and {} more of the same cause)", count - 1),
        };
        format!("{}: {}{more}", code(&subject.place(&finding.location)), headline(finding))
    }
}

impl Subject<'_> {
    /// `path:line` of a location, for people.
    fn place(&self, location: &Location) -> String {
        format!("{}:{}", self.places.key(&location.path), self.lines(location).first)
    }

    /// The lines of a location as git counts them.
    fn lines(&self, location: &Location) -> Lines {
        lines_of(self.report, location)
    }

    fn changes_of(&self, path: &Path) -> Option<&FileChanges> {
        self.changes.file(&self.places.key(path))
    }
}

fn comment(
    subject: &Subject<'_>,
    topic: &Topic<'_>,
    taken: &BTreeMap<String, Vec<Lines>>,
) -> Option<Comment> {
    let first = topic.findings[0].0;
    let suggestion = first
        .fix()
        .filter(|fix| subject.unsafe_fixes || fix.applicability == Applicability::Safe)
        .and_then(|fix| {
            let path = fix.edits.first()?.path.as_path();
            let found = block(fix, subject.report.sources.get(path)?, subject.changes_of(path)?)?;
            let key = subject.places.key(path);
            // Two suggestions for one line cannot be applied together.
            let free = taken.get(&key).is_none_or(|ranges| {
                ranges.iter().all(|range| range.shared(found.lines).is_none())
            });
            free.then_some((key, found))
        });
    let (path, lines, suggestion) = match suggestion {
        Some((path, found)) => (path, found.lines, Some(found)),
        None => {
            let (path, lines) = anchor(subject, topic)?;
            (path, lines, None)
        }
    };
    let mut head: Vec<String> = topic
        .findings
        .iter()
        .take(PARAGRAPHS)
        .map(|(finding, _)| paragraph(subject, finding, &path, lines))
        .collect();
    if topic.findings.len() > PARAGRAPHS {
        head.push(format!("The same holds for {} more places.", topic.findings.len() - PARAGRAPHS));
    }
    let head = head.join("\n\n");
    let (lead, tail) = remedy(subject, first, suggestion.is_some());
    Some(Comment {
        path,
        lines,
        fingerprints: topic.prints(),
        head: format!("{head}\n\n{lead}"),
        suggestion,
        tail,
        summary: topic.summary(subject),
    })
}

/// Where a comment without a suggestion stands: beside the finding if the diff shows it, else beside
/// another place that belongs to it. A changed line is better than one that is only shown.
fn anchor(subject: &Subject<'_>, topic: &Topic<'_>) -> Option<(String, Lines)> {
    let locations = topic.findings.iter().flat_map(|(finding, _)| {
        std::iter::once(&finding.location)
            .chain(finding.related.iter().map(|related| &related.location))
    });
    let mut shown = None;
    for location in locations {
        let Some(file) = subject.changes_of(&location.path) else { continue };
        let lines = subject.lines(location);
        let touched = file.touch(lines);
        let lines = if lines.last - lines.first >= TALL {
            Lines::new(lines.first, lines.first)
        } else {
            lines
        };
        let Some(part) = file.shown(lines) else { continue };
        let found = (subject.places.key(&location.path), part);
        if touched {
            return Some(found);
        }
        shown.get_or_insert(found);
    }
    shown
}

fn headline(finding: &Finding) -> String {
    format!(
        "**{} {}**: {}",
        finding.code,
        finding.name,
        prose(&cut(&finding.message, MESSAGE_BYTES))
    )
}

/// What is wrong, and the other places; the finding's own place only if the comment stands elsewhere.
fn paragraph(subject: &Subject<'_>, finding: &Finding, path: &str, lines: Lines) -> String {
    let own = subject.lines(&finding.location);
    let elsewhere =
        subject.places.key(&finding.location.path) != path || lines.shared(own).is_none();
    let at = if elsewhere {
        format!(" (at {})", code(&subject.place(&finding.location)))
    } else {
        String::new()
    };
    let mut out =
        format!("{}{at}. Fails under {}.", headline(finding), methods(&finding.start_methods));
    for related in finding.related.iter().take(PARAGRAPHS) {
        out.push_str(&format!(
            "\n- {}: {}",
            code(&subject.place(&related.location)),
            prose(&cut(&related.message, MESSAGE_BYTES))
        ));
    }
    out
}

fn methods(methods: &[StartMethod]) -> String {
    let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
    names.join(", ")
}

/// What can be done: the text before the suggestion, and the text after it.
fn remedy(subject: &Subject<'_>, finding: &Finding, suggested: bool) -> (String, String) {
    let page = crate::rules::address(finding.code);
    // Platforms make a link of an address; markup of our own could be mistaken for the source's.
    let why = format!("`spawnsafe explain {}` says why: {page}\n", finding.code);
    match &finding.remedy {
        Remedy::Refused(refusal) => {
            let detail = prose(&cut(&refusal.detail, MESSAGE_BYTES));
            let advice = if refusal.advice.is_empty() {
                String::new()
            } else {
                format!(" To do by hand: {}.", prose(&cut(&refusal.advice, MESSAGE_BYTES)))
            };
            (format!("Not rewritten: {detail}.{advice}"), why)
        }
        Remedy::Fix(fix) => {
            let look = if fix.applicability == Applicability::Unsafe {
                " (not proven safe: read it first)"
            } else {
                ""
            };
            let lead = format!("Fix: {}{look}.", prose(&cut(&fix.title, MESSAGE_BYTES)));
            if suggested {
                (lead, why)
            } else {
                (lead, format!("{}{}\n{why}", patch(subject, fix), command(subject, finding, fix)))
            }
        }
    }
}

/// The fix as a folded unified diff; empty if it is too long to be read.
fn patch(subject: &Subject<'_>, fix: &Fix) -> String {
    let paths: BTreeSet<&Path> = fix.edits.iter().map(|edit| edit.path.as_path()).collect();
    let mut out = Vec::new();
    for path in paths {
        let Some(source) = subject.report.sources.get(path) else { return String::new() };
        let Ok(edits) = EditSet::new(
            fix.edits
                .iter()
                .filter(|edit| edit.path.as_path() == path)
                .map(|edit| edit.edit.clone()),
        ) else {
            return String::new();
        };
        let after = edits.apply(&source.text);
        out.extend(unified_bytes(
            header_path(Path::new(&subject.places.key(path))),
            source.text.as_bytes(),
            after.as_bytes(),
        ));
    }
    let text = visible(&String::from_utf8_lossy(&out).replace("\r\n", "\n"), false);
    if text.is_empty() || text.len() > PATCH_BYTES {
        return String::new();
    }
    format!("<details><summary>Patch</summary>\n\n{}\n</details>\n\n", fenced("diff", &text))
}

/// The command that applies the fix.
fn command(subject: &Subject<'_>, finding: &Finding, fix: &Fix) -> String {
    let consent = if fix.applicability == Applicability::Unsafe { " --unsafe-fixes" } else { "" };
    let path = quoted(&subject.places.key(&finding.location.path));
    format!(
        "Apply it with\n\n{}",
        fenced("sh", &format!("spawnsafe fix --write{consent} --select {} {path}", finding.code))
    )
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | '@' | ':')
    };
    let word = if word.starts_with('-') { format!("./{word}") } else { word.to_owned() };
    if word.chars().all(plain) {
        word
    } else {
        format!("'{}'", visible(&word, false).replace('\'', r"'\''"))
    }
}
