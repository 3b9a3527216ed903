//! The map as one page that needs nothing but a browser: no request leaves it, and it says so in its content security
//! policy. It holds the texts of the files that are on the map, so that every place can be opened.

use super::json;
use crate::findings::{Location, Report};
use crate::map::{Map, Place, Verdict};
use crate::output::html::{escape, number};
use crate::output::{Style, plain};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// All texts in the page are together at most so long (in bytes); files that come later are left out.
const TEXTS: usize = 8 << 20;

/// The whole page.
pub(super) fn render(map: &Map, report: &Report, style: &Style) -> String {
    let name = style.root.file_name().map(|name| name.to_string_lossy().into_owned());
    let title = format!("Processes of {}", name.as_deref().unwrap_or("this project"));
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>\n{}</style>\n<noscript><style>.picture, .controls, .theme {{ display: none }}</style></noscript>\n</head>\n<body>\n",
        escape(&title),
        include_str!("page.css")
    );
    head(&mut page, &title, map, report);
    page.push_str("<main>\n");
    controls(&mut page, map);
    page.push_str("<section class=\"panel picture\" aria-label=\"Who sends what to whom\"><h2>Who sends what to whom</h2><p class=\"hint\">Functions that hand over on the left, what runs in other processes on the right. Choose a line or a name.</p><div id=\"picture\"></div></section>\n");
    list(&mut page, map);
    apart(&mut page, map, report);
    errors(&mut page, report);
    page.push_str("</main>\n<aside id=\"source\" hidden aria-label=\"Source\"><div class=\"bar\"><b id=\"source-name\"></b><button type=\"button\" id=\"source-close\">Close</button></div><pre id=\"source-text\" tabindex=\"0\"></pre></aside>\n");
    let _ = writeln!(
        page,
        "<footer>Made by spawnsafe {} · <code>spawnsafe map --output-format json</code> says the same to programs</footer>",
        env!("CARGO_PKG_VERSION")
    );
    data(&mut page, "map", &json::document(map, report));
    data(&mut page, "texts", &texts(map, report));
    let _ = write!(page, "<script>\n{}</script>\n</body>\n</html>\n", include_str!("page.js"));
    page
}

/// Data for the script. `<` is escaped, so that nothing in it can end the element.
fn data(page: &mut String, id: &str, value: &impl serde::Serialize) {
    let text =
        plain::json(serde_json::to_string(value).unwrap_or_default()).replace('<', "\\u003c");
    let _ = writeln!(page, "<script type=\"application/json\" id=\"{id}\">{text}</script>");
}

/// The texts of the files that the map points into, as long as they fit.
fn texts<'r>(map: &Map, report: &'r Report) -> BTreeMap<String, &'r str> {
    let mut wanted: BTreeSet<&Path> = BTreeSet::new();
    for place in &map.places {
        let definitions = place.workers.iter().filter_map(|worker| worker.definition.as_ref());
        let handovers = place.workers.iter().map(|worker| &worker.handover);
        let all = definitions.chain(handovers).chain([&place.location]).chain(&place.executor);
        wanted.extend(all.map(|location| location.path.as_path()));
    }
    let apart = map.apart.iter().chain(map.places.iter().flat_map(|place| &place.findings));
    wanted.extend(apart.map(|at| report.findings[*at].location.path.as_path()));
    let mut left = TEXTS;
    let mut texts = BTreeMap::new();
    for path in wanted {
        let Some(source) = report.sources.get(path) else { continue };
        let Some(rest) = left.checked_sub(source.text.len()) else { break };
        left = rest;
        texts.insert(plain::path(path), source.text.as_str());
    }
    texts
}

fn head(page: &mut String, title: &str, map: &Map, report: &Report) {
    let tally = map.tally();
    let words = match (tally.all(), tally.faulty, tally.unknown) {
        (0, ..) => "No call here starts a process or sends to one.".to_owned(),
        (_, 0, 0) => {
            "Every call that starts a process or sends to one is safe under spawn and forkserver."
                .to_owned()
        }
        (_, 0, unknown) => format!(
            "Nothing is known to break under spawn and forkserver; {} could not be judged.",
            calls(unknown)
        ),
        (_, faulty, _) => format!("{} under spawn or forkserver.", breaks(faulty)),
    };
    let _ = write!(
        page,
        "<header>\n<div class=\"brand\"><svg viewBox=\"0 0 24 24\" width=\"28\" height=\"28\" aria-hidden=\"true\"><path d=\"M4 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0M16 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0M16 18a2 2 0 1 0 4 0 2 2 0 1 0-4 0M8 6h8M6 8v4a6 6 0 0 0 6 6h4\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\"/></svg><h1>{}</h1></div>\n<button class=\"theme\" type=\"button\" title=\"Change between light and dark\">Theme</button>\n<p class=\"lead\">{words}</p>\n<section class=\"tiles\" aria-label=\"Totals\">",
        escape(title)
    );
    let files = report.summary.files;
    let tiles = [
        ("files", files, if files == 1 { "file looked at" } else { "files looked at" }),
        ("safe", tally.safe, "safe"),
        ("faulty", tally.faulty, "faulty"),
        ("unknown", tally.unknown, "unknown"),
    ];
    for (class, count, words) in tiles {
        let _ = write!(
            page,
            "<div class=\"tile {class}\"><b>{}</b><span>{words}</span></div>",
            number(count)
        );
    }
    page.push_str("</section>\n</header>\n");
}

fn calls(count: usize) -> String {
    if count == 1 { "1 call".into() } else { format!("{} calls", number(count)) }
}

fn breaks(count: usize) -> String {
    if count == 1 { "1 call breaks".into() } else { format!("{} calls break", number(count)) }
}

fn controls(page: &mut String, map: &Map) {
    page.push_str("<div class=\"controls\"><input id=\"query\" type=\"search\" placeholder=\"File, function, API, rule…\" aria-label=\"Filter the calls\"><div class=\"chips\" role=\"group\" aria-label=\"Verdict\">");
    for verdict in Verdict::ALL {
        let count = map.places.iter().filter(|place| place.verdict == verdict).count();
        let _ = write!(
            page,
            "<button type=\"button\" class=\"chip\" data-verdict=\"{0}\" aria-pressed=\"false\"><span class=\"dot v-{0}\"></span>{0} {1}</button>",
            verdict.word(),
            number(count)
        );
    }
    page.push_str(
        "</div><select id=\"api\" aria-label=\"API\"><option value=\"\">all APIs</option>",
    );
    let apis: BTreeSet<&str> = map.places.iter().map(|place| place.api.as_str()).collect();
    for api in apis {
        let _ = write!(page, "<option value=\"{0}\">{0}</option>", escape(api));
    }
    page.push_str("</select><span id=\"shown\" role=\"status\"></span></div>\n");
}

fn list(page: &mut String, map: &Map) {
    page.push_str("<section class=\"panel\"><h2>Calls one by one</h2>\n<ol class=\"places\">\n");
    for (at, one) in map.places.iter().enumerate() {
        place(page, at, one);
    }
    page.push_str("</ol>\n<p class=\"none\" id=\"nothing\" hidden>No call fits.</p></section>\n");
}

fn place(page: &mut String, at: usize, place: &Place) {
    let word = place.verdict.word();
    let _ = write!(
        page,
        "<li class=\"place v-{word}\" data-at=\"{at}\"><span class=\"badge v-{word}\">{word}</span> <code class=\"api\">{}</code> {} <span class=\"in\">in <code>{}</code></span>",
        escape(&place.api),
        link(&place.location),
        escape(&place.context)
    );
    let _ = write!(page, "<p class=\"why\">{}</p><dl>", escape(&place.reason));
    for worker in &place.workers {
        let _ = write!(
            page,
            "<dt>{}</dt><dd><code>{}</code>",
            escape(&worker.slot),
            escape(&worker.name)
        );
        if let Some(definition) = &worker.definition {
            let _ = write!(page, " {}", link(definition));
        }
        if worker.sender != place.context || worker.handover.path != place.location.path {
            let _ = write!(
                page,
                " <span class=\"in\">from <code>{}</code> {}</span>",
                escape(&worker.sender),
                link(&worker.handover)
            );
        }
        page.push_str("</dd>");
    }
    if !place.arguments.is_empty() {
        let texts: Vec<String> =
            place.arguments.iter().map(|text| format!("<code>{}</code>", escape(text))).collect();
        let _ = write!(page, "<dt>with</dt><dd>{}</dd>", texts.join(", "));
    }
    let methods: Vec<&str> = place.pickled_under.iter().map(|method| method.name()).collect();
    let pickled = match methods.as_slice() {
        _ if place.path.is_none() || place.workers.is_empty() && place.arguments.is_empty() => {
            String::new()
        }
        [] => ", nothing is pickled by reference".to_owned(),
        methods => format!(", pickled under {}", methods.join(", ")),
    };
    let _ = write!(page, "<dt>start method</dt><dd>{}{pickled}</dd>", place.start.word());
    if let Some(executor) = &place.executor {
        let _ = write!(page, "<dt>executor</dt><dd>made at {}</dd>", link(executor));
    }
    page.push_str("</dl></li>\n");
}

/// A place that opens the source.
fn link(location: &Location) -> String {
    let (path, line) = (escape(&plain::path(&location.path)), location.start.line);
    format!(
        "<button type=\"button\" class=\"at\" data-path=\"{path}\" data-line=\"{line}\" data-end=\"{}\">{path}:{line}</button>",
        location.end.line
    )
}

fn apart(page: &mut String, map: &Map, report: &Report) {
    if map.apart.is_empty() {
        return;
    }
    page.push_str("<section class=\"panel\"><h2>Findings that belong to no single call</h2><ul class=\"apart\">");
    for finding in map.apart.iter().map(|at| &report.findings[*at]) {
        let _ = write!(
            page,
            "<li><b>{}</b> {} {}</li>",
            finding.code,
            link(&finding.location),
            escape(&finding.message)
        );
    }
    page.push_str("</ul></section>\n");
}

fn errors(page: &mut String, report: &Report) {
    if report.errors.is_empty() {
        return;
    }
    page.push_str(
        "<section class=\"panel\"><h2>Files that could not be done</h2><ul class=\"apart\">",
    );
    for failed in &report.errors {
        let _ = write!(
            page,
            "<li><code>{}</code> {}</li>",
            escape(&plain::path(&failed.path)),
            escape(&failed.message)
        );
    }
    page.push_str("</ul></section>\n");
}
