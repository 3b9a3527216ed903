//! The report as one page that needs nothing but a browser: no request leaves it, and it says so in
//! its content security policy. Everything that comes from repositories is escaped.

mod charts;
mod rows;

use super::outcome::{Outcome, Status};
use super::repository::counted;
use super::summary::Summary;
use crate::output::html::{escape, number};
use charts::{Bar, Part};
use std::fmt::Write;

/// What a finding can end as: the CSS class, and the words of legends.
const ENDS: [(&str, &str); 4] = [
    ("fixed", "fixed"),
    ("consent", "need consent"),
    ("rejected", "left out by checks"),
    ("refused", "not rewritten"),
];

/// Renders the page. `diff` brings a repository's unified diff.
pub(crate) fn render(
    summary: &Summary,
    outcomes: &[&Outcome],
    diff: &dyn Fn(&Outcome) -> Option<Vec<u8>>,
) -> String {
    let mut page = String::new();
    let title =
        format!("spawnsafe: {}", counted(summary.repositories.total, "repository", "repositories"));
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>\n{}</style>\n<noscript><style>.more[hidden] {{ display: table-row }} .controls, .theme {{ display: none }}</style></noscript>\n</head>\n<body>\n",
        escape(&title),
        include_str!("style.css")
    );
    head(&mut page, summary);
    page.push_str("<main>\n");
    tiles(&mut page, summary);
    panels(&mut page, summary);
    rows::table(&mut page, summary, outcomes, diff);
    page.push_str("</main>\n");
    foot(&mut page, summary);
    let _ = write!(page, "<script>\n{}</script>\n</body>\n</html>\n", include_str!("script.js"));
    page
}

fn head(page: &mut String, summary: &Summary) {
    let (repositories, findings) = (&summary.repositories, &summary.findings);
    let words = match (repositories.total, findings.fixed) {
        (0, _) => "No repository has been done yet.".to_owned(),
        (_, 0) => "No repository needed a change.".to_owned(),
        _ => format!(
            "{} of {} repositories have changes to review: {} of {} findings are fixed.",
            number(repositories.changed),
            number(repositories.total),
            number(findings.fixed),
            number(findings.found)
        ),
    };
    let _ = write!(
        page,
        "<header>\n<div class=\"brand\"><span class=\"mark\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" width=\"28\" height=\"28\"><path d=\"M4 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0M16 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0M16 18a2 2 0 1 0 4 0 2 2 0 1 0-4 0M8 6h8M6 8v4a6 6 0 0 0 6 6h4\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\"/></svg></span><h1>Migration to spawn and forkserver</h1></div>\n<button class=\"theme\" type=\"button\" title=\"Change between light and dark\">Theme</button>\n<p class=\"lead\">{}</p>\n",
        escape(&words)
    );
    if repositories.open > 0 {
        let open = counted(repositories.open, "repository is", "repositories are");
        let _ = writeln!(
            page,
            "<p class=\"open\">This report is not complete: {open} still to be done. The same command goes on.</p>"
        );
    }
    page.push_str("</header>\n");
}

fn tiles(page: &mut String, summary: &Summary) {
    let (repositories, findings, files) =
        (&summary.repositories, &summary.findings, &summary.files);
    page.push_str("<section class=\"tiles\" aria-label=\"Totals\">\n");
    let mut tile = |class: &str, big: String, words: &str, small: String| {
        let _ = writeln!(
            page,
            "<div class=\"tile {class}\"><span class=\"big\">{big}</span><span class=\"what\">{words}</span><span class=\"small\">{small}</span></div>"
        );
    };
    tile(
        "changed",
        number(repositories.changed),
        "repositories changed",
        format!("of {}", number(repositories.total)),
    );
    let share = (findings.fixed * 100)
        .checked_div(findings.found)
        .map(|share| format!(" ({share} %)"))
        .unwrap_or_default();
    tile(
        "fixed",
        number(findings.fixed),
        "findings fixed",
        format!("of {}{share}", number(findings.found)),
    );
    let person = findings.refused + findings.needs_consent + findings.rejected;
    tile(
        "refused",
        number(person),
        "findings for a person",
        format!("{} not rewritten", number(findings.refused)),
    );
    tile(
        "files",
        number(files.changed),
        "files changed",
        format!(
            "of {}, <span class=\"add\">+{}</span> <span class=\"del\">−{}</span> lines",
            number(files.seen),
            number(summary.lines.added),
            number(summary.lines.removed)
        ),
    );
    let alone = repositories.dirty + repositories.empty;
    tile(
        if repositories.failed > 0 { "failed" } else { "quiet" },
        number(repositories.failed),
        "repositories failed",
        format!("{} left alone", number(alone)),
    );
    page.push_str("</section>\n");
}

fn panels(page: &mut String, summary: &Summary) {
    let statuses: Vec<Part> = Status::ALL
        .iter()
        .map(|status| Part {
            class: status.word(),
            words: status.word(),
            count: summary.repositories.of(*status),
        })
        .collect();
    page.push_str("<section class=\"panels\">\n<div class=\"panel\"><h2>Repositories</h2>");
    charts::ring(page, "Repositories by how they ended", "repositories", &statuses);
    numbers(page, summary);
    page.push_str("</div>\n<div class=\"panel wide\"><h2>Findings by rule</h2>");
    let mut rules: Vec<Bar> = summary
        .rules
        .iter()
        .map(|(code, counts)| Bar {
            label: code.clone(),
            words: counts.name.clone(),
            parts: parts([
                counts.fixed,
                counts.needs_consent,
                counts.rejected,
                counts.refused_total(),
            ]),
        })
        .collect();
    rules.sort_by_key(|bar| std::cmp::Reverse(bar.total()));
    charts::bars(page, "Findings by rule", &rules);
    charts::legend(page, &ENDS);
    page.push_str("</div>\n<div class=\"panel wide\"><h2>Why findings were not rewritten</h2>");
    let mut reasons: Vec<Bar> = summary
        .refused
        .iter()
        .map(|(reason, count)| Bar {
            label: reason.clone(),
            words: meaning(reason),
            parts: vec![Part { class: "refused", words: "not rewritten", count: *count }],
        })
        .collect();
    reasons.sort_by_key(|bar| std::cmp::Reverse(bar.total()));
    charts::bars(page, "Findings that were not rewritten, by reason", &reasons);
    page.push_str("</div>\n</section>\n");
}

/// What was looked at, and what the projects' own checks said.
fn numbers(page: &mut String, summary: &Summary) {
    let (files, checks) = (&summary.files, &summary.verification);
    let all = [
        ("Python files seen", files.seen, true),
        ("files parsed", files.parsed, true),
        ("files that could not be done", files.failed, files.failed > 0),
        ("checks passed with all fixes", checks.passed, checks.passed > 0),
        ("checks passed with some fixes", checks.reduced, checks.reduced > 0),
        ("checks passed with no fix", checks.rejected, checks.rejected > 0),
        ("checks failed before any fix", checks.broken_before, checks.broken_before > 0),
    ];
    page.push_str("<ul class=\"numbers\">");
    for (words, count, _) in all.iter().filter(|(.., shown)| *shown) {
        let _ = write!(page, "<li>{words}<b>{}</b></li>", number(*count));
    }
    page.push_str("</ul>");
}

/// The documented meaning of a reason, its first sentence.
fn meaning(id: &str) -> String {
    let reason = crate::findings::Reason::ALL.iter().find(|reason| reason.id() == id);
    reason
        .map(|reason| reason.meaning().trim().trim_end_matches('.').replace('`', ""))
        .unwrap_or_default()
}

/// Counts in the order of [`ENDS`].
fn parts(counts: [usize; 4]) -> Vec<Part> {
    ENDS.iter().zip(counts).map(|((class, words), count)| Part { class, words, count }).collect()
}

fn foot(page: &mut String, summary: &Summary) {
    let list = |counts: &std::collections::BTreeMap<String, usize>| {
        counts.keys().map(|key| escape(key)).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(
        page,
        "<footer>spawnsafe {} · configuration {} · <code>summary.json</code>, <code>repositories.jsonl</code>, <code>report.csv</code> and <code>report.md</code> beside this page hold the same for programs and people</footer>",
        list(&summary.tools),
        list(&summary.configurations)
    );
}
