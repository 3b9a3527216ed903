//! The table of repositories, each with its findings and its diff to unfold.

use crate::migrate::outcome::{Entry, Left, Outcome, Status, Verdict};
use crate::migrate::summary::Summary;
use crate::output::html::{escape, number};
use std::fmt::Write;

/// A diff longer than this (in bytes) is cut: the page must open quickly.
const DIFF: usize = 200_000;
/// How many findings of one repository are listed.
const LISTED: usize = 500;

/// What the table can be sorted by: the heading, the key, and whether it holds numbers.
const COLUMNS: [(&str, &str, bool); 7] = [
    ("Repository", "name", false),
    ("Status", "status", false),
    ("Found", "found", true),
    ("Fixed", "fixed", true),
    ("Left", "left", true),
    ("Files", "files", true),
    ("Lines", "lines", true),
];

/// The order in which repositories are listed; within one status they keep theirs.
const ORDER: [Status; 5] =
    [Status::Failed, Status::Dirty, Status::Empty, Status::Changed, Status::Unchanged];

/// Writes the table.
pub(super) fn table(
    page: &mut String,
    summary: &Summary,
    outcomes: &[&Outcome],
    diff: &dyn Fn(&Outcome) -> Option<Vec<u8>>,
) {
    page.push_str("<section class=\"panel list\"><h2>Repositories one by one</h2>\n");
    controls(page, summary);
    page.push_str("<div class=\"scroll\"><table id=\"repositories\"><thead><tr>");
    for (heading, key, numeric) in COLUMNS {
        let class = if numeric { " class=\"n\"" } else { "" };
        let _ = write!(
            page,
            "<th{class} scope=\"col\" aria-sort=\"none\"><button type=\"button\" data-key=\"{key}\">{heading}</button></th>"
        );
    }
    page.push_str("</tr></thead>\n");
    // What needs a person comes first.
    let mut sorted = outcomes.to_vec();
    let turn = |status: Status| ORDER.iter().position(|other| *other == status);
    sorted.sort_by_key(|outcome| turn(outcome.status));
    for outcome in sorted {
        repository(page, outcome, diff(outcome).as_deref());
    }
    page.push_str("</table></div>\n<p class=\"none\" id=\"nothing\" hidden>No repository fits.</p>\n</section>\n");
}

fn controls(page: &mut String, summary: &Summary) {
    page.push_str("<div class=\"controls\"><input id=\"query\" type=\"search\" placeholder=\"Name, path, rule, problem…\" aria-label=\"Filter repositories\"><div class=\"chips\" role=\"group\" aria-label=\"Status\">");
    for status in Status::ALL {
        let word = status.word();
        let _ = write!(
            page,
            "<button type=\"button\" class=\"chip\" data-status=\"{word}\" aria-pressed=\"false\"><span class=\"dot s-{word}\"></span>{word} {}</button>",
            number(summary.repositories.of(status))
        );
    }
    page.push_str(
        "</div><select id=\"rule\" aria-label=\"Rule\"><option value=\"\">all rules</option>",
    );
    for (code, counts) in &summary.rules {
        let _ = write!(
            page,
            "<option value=\"{0}\">{0} {1}</option>",
            escape(code),
            escape(&counts.name)
        );
    }
    page.push_str("</select><span id=\"shown\" role=\"status\"></span><button type=\"button\" id=\"unfold\">Unfold all</button></div>\n");
}

fn repository(page: &mut String, outcome: &Outcome, diff: Option<&[u8]>) {
    let (found, fixed) = (outcome.found(), outcome.fixed());
    let rules: Vec<&str> = outcome.rules.keys().map(String::as_str).collect();
    let id = escape(&outcome.id);
    let word = outcome.status.word();
    let lines = outcome.lines.added + outcome.lines.removed;
    let _ = write!(
        page,
        "<tbody class=\"repo\" data-id=\"{id}\" data-name=\"{}\" data-status=\"{word}\" data-found=\"{found}\" data-fixed=\"{fixed}\" data-left=\"{}\" data-files=\"{}\" data-lines=\"{lines}\" data-rules=\"{}\" data-text=\"{}\">",
        escape(&outcome.name.to_lowercase()),
        found - fixed,
        outcome.files.changed,
        escape(&rules.join(" ")),
        escape(&searchable(outcome))
    );
    let _ = write!(
        page,
        "<tr class=\"head\"><th scope=\"row\"><button type=\"button\" class=\"fold\" aria-expanded=\"false\" aria-controls=\"more-{id}\">{}</button>{}</th><td><span class=\"badge s-{word}\">{word}</span>{}</td><td class=\"n\" data-head=\"Found\">{}</td><td class=\"n\" data-head=\"Fixed\">{}</td><td class=\"n\" data-head=\"Left\">{}</td><td class=\"n\" data-head=\"Files\">{}</td>",
        escape(&outcome.name),
        outcome
            .problem
            .as_ref()
            .map(|problem| format!("<span class=\"reason\">{}</span>", escape(problem)))
            .unwrap_or_default(),
        verdict(outcome),
        zero(found),
        zero(fixed),
        zero(found - fixed),
        zero(outcome.files.changed)
    );
    if lines == 0 {
        page.push_str(
            "<td class=\"n\" data-head=\"Lines\"><span class=\"zero\">–</span></td></tr>",
        );
    } else {
        let _ = write!(
            page,
            "<td class=\"n\" data-head=\"Lines\"><span class=\"add\">+{}</span> <span class=\"del\">−{}</span></td></tr>",
            outcome.lines.added, outcome.lines.removed
        );
    }
    let _ = write!(page, "<tr class=\"more\" id=\"more-{id}\" hidden><td colspan=\"7\">");
    details(page, outcome);
    if let Some(diff) = diff {
        changes(page, outcome, diff);
    }
    page.push_str("</td></tr></tbody>\n");
}

/// Everything that the filter looks into, lower case.
fn searchable(outcome: &Outcome) -> String {
    let mut words = vec![
        outcome.name.clone(),
        outcome.location.clone(),
        outcome.problem.clone().unwrap_or_default(),
        outcome.notes.join(" "),
    ];
    let mut more: Vec<&str> = outcome
        .findings
        .iter()
        .take(LISTED)
        .flat_map(|entry| [entry.path.as_str(), entry.code.as_str()])
        .collect();
    more.extend(outcome.rules.values().map(|rule| rule.name.as_str()));
    more.sort_unstable();
    more.dedup();
    words.push(more.join(" "));
    words.join(" ").to_lowercase()
}

fn zero(count: usize) -> String {
    if count == 0 { "<span class=\"zero\">–</span>".to_owned() } else { number(count) }
}

fn verdict(outcome: &Outcome) -> &'static str {
    match outcome.verification.as_ref().map(|verification| verification.verdict) {
        None => "",
        Some(Verdict::Passed) => " <span class=\"check\">check passed</span>",
        Some(Verdict::Reduced) => " <span class=\"check\">check passed with some fixes</span>",
        Some(Verdict::Rejected) => " <span class=\"check bad\">check failed</span>",
        Some(Verdict::BrokenBefore) => " <span class=\"check bad\">check failed before</span>",
    }
}

fn details(page: &mut String, outcome: &Outcome) {
    if let Some(problem) = &outcome.problem {
        let _ = write!(page, "<p class=\"problem\">{}</p>", escape(problem));
    }
    page.push_str("<dl class=\"facts\">");
    let mut fact = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = write!(page, "<dt>{name}</dt><dd><code>{}</code></dd>", escape(value));
        }
    };
    fact("from", Some(&outcome.location));
    fact("base", outcome.base.as_deref());
    fact("commit", outcome.commit.as_deref());
    fact("branch", outcome.branch.as_deref());
    fact("patch", outcome.patch.as_deref());
    fact("clone", outcome.clone.as_deref());
    page.push_str("</dl>");
    for note in &outcome.notes {
        let _ = write!(page, "<p class=\"note\">{}</p>", escape(note));
    }
    findings(page, outcome);
    if !outcome.bad_files.is_empty() {
        page.push_str("<h3>Files that could not be done</h3><ul class=\"bad\">");
        for file in outcome.bad_files.iter().take(LISTED) {
            let _ = write!(
                page,
                "<li><code>{}</code> {}</li>",
                escape(&file.path),
                escape(&file.message)
            );
        }
        page.push_str("</ul>");
    }
}

fn findings(page: &mut String, outcome: &Outcome) {
    if outcome.findings.is_empty() {
        return;
    }
    page.push_str("<h3>Findings</h3><ul class=\"findings\">");
    for entry in outcome.findings.iter().take(LISTED) {
        finding(page, entry);
    }
    if outcome.findings.len() > LISTED {
        let _ = write!(page, "<li>and {} more</li>", number(outcome.findings.len() - LISTED));
    }
    page.push_str("</ul>");
}

fn finding(page: &mut String, entry: &Entry) {
    let (class, words) = match &entry.left {
        Left::Fixed => ("fixed", "fixed"),
        Left::NeedsConsent => ("consent", "needs --unsafe-fixes"),
        Left::Rejected => ("rejected", "left out: the project's check fails with it"),
        Left::Refused { reason, .. } => ("refused", reason.as_str()),
    };
    let _ = write!(
        page,
        "<li><span class=\"end c-{class}\">{}</span> <b>{}</b> <code>{}:{}</code> {}",
        escape(words),
        escape(&entry.code),
        escape(&entry.path),
        entry.line,
        escape(&entry.message)
    );
    if let Left::Refused { detail, advice, .. } = &entry.left {
        let _ = write!(page, "<div class=\"why\">{}", escape(detail));
        if !advice.is_empty() {
            let _ = write!(page, ". <em>{}</em>", escape(advice));
        }
        page.push_str("</div>");
    }
    page.push_str("</li>");
}

fn changes(page: &mut String, outcome: &Outcome, diff: &[u8]) {
    let cut = diff.len().min(DIFF);
    // A cut inside a line would show half of it.
    let end = if cut < diff.len() {
        diff[..cut].iter().rposition(|byte| *byte == b'\n').map_or(cut, |at| at + 1)
    } else {
        cut
    };
    // Carriage returns belong to the files; a browser would show them as further lines.
    let text = String::from_utf8_lossy(&diff[..end]).replace("\r\n", "\n");
    let _ =
        write!(page, "<h3>Changes</h3><pre class=\"diff\" tabindex=\"0\">{}</pre>", escape(&text));
    if let Some(name) = outcome.diff.as_ref().filter(|_| end < diff.len()) {
        let _ = write!(page, "<p class=\"note\">The rest is in <code>{}</code>.</p>", escape(name));
    }
}
