//! Charts: rings as inline SVG, bars as boxes. Colours come from the page's style, so that they follow light and dark.

use crate::output::html::{escape, number};
use std::fmt::Write;

/// One part of a bar or ring.
pub(super) struct Part {
    /// The CSS class that colours it.
    pub(super) class: &'static str,
    /// What it counts.
    pub(super) words: &'static str,
    /// How many.
    pub(super) count: usize,
}

/// One bar.
pub(super) struct Bar {
    /// In front of it.
    pub(super) label: String,
    /// Below the label; may be empty.
    pub(super) words: String,
    /// From left to right.
    pub(super) parts: Vec<Part>,
}

impl Bar {
    /// All parts together.
    pub(super) fn total(&self) -> usize {
        self.parts.iter().map(|part| part.count).sum()
    }
}

/// Horizontal bars, each with its label above it. They are as wide as their place: a phone shows them whole.
pub(super) fn bars(page: &mut String, title: &str, bars: &[Bar]) {
    let Some(longest) = bars.iter().map(Bar::total).max().filter(|longest| *longest > 0) else {
        page.push_str("<p class=\"none\">None.</p>");
        return;
    };
    let _ = write!(page, "<ul class=\"bars\" aria-label=\"{}\">", escape(title));
    for bar in bars {
        let _ = write!(
            page,
            "<li><span class=\"label\">{}</span> <span class=\"words\">{}</span><span class=\"bar\">",
            escape(&bar.label),
            escape(&bar.words)
        );
        for part in bar.parts.iter().filter(|part| part.count > 0) {
            let _ = write!(
                page,
                "<i class=\"c-{}\" style=\"width:{:.2}%\" title=\"{}: {} {}\"></i>",
                part.class,
                real(part.count) * 100.0 / real(longest),
                escape(&bar.label),
                number(part.count),
                part.words
            );
        }
        let _ = write!(page, "<b>{}</b></span></li>", number(bar.total()));
    }
    page.push_str("</ul>");
}

/// A ring with its total in the middle, and its legend.
pub(super) fn ring(page: &mut String, title: &str, words: &str, parts: &[Part]) {
    const RADIUS: f64 = 54.0;
    let around = 2.0 * std::f64::consts::PI * RADIUS;
    let total: usize = parts.iter().map(|part| part.count).sum();
    let _ = write!(
        page,
        "<div class=\"ring\"><svg viewBox=\"0 0 140 140\" width=\"150\" height=\"150\" role=\"img\" aria-label=\"{}\">",
        escape(title)
    );
    let _ = write!(page, "<circle class=\"track\" cx=\"70\" cy=\"70\" r=\"{RADIUS}\"/>");
    let mut done = 0.0;
    for part in parts.iter().filter(|part| part.count > 0) {
        let length = around * real(part.count) / real(total);
        let _ = write!(
            page,
            "<circle class=\"arc s-{}\" cx=\"70\" cy=\"70\" r=\"{RADIUS}\" stroke-dasharray=\"{length:.2} {:.2}\" stroke-dashoffset=\"{:.2}\"><title>{} {}</title></circle>",
            part.class,
            around - length,
            -done,
            number(part.count),
            part.words
        );
        done += length;
    }
    let _ = write!(
        page,
        "<text x=\"70\" y=\"72\" class=\"total\">{}</text><text x=\"70\" y=\"90\" class=\"unit\">{words}</text></svg><ul class=\"legend\">",
        number(total)
    );
    for part in parts {
        let _ = write!(
            page,
            "<li><span class=\"dot s-{}\"></span>{}<b>{}</b></li>",
            part.class,
            part.words,
            number(part.count)
        );
    }
    page.push_str("</ul></div>");
}

/// The meaning of the bars' colours.
pub(super) fn legend(page: &mut String, entries: &[(&str, &str)]) {
    page.push_str("<ul class=\"legend flat\">");
    for (class, words) in entries {
        let _ = write!(page, "<li><span class=\"dot c-{class}\"></span>{words}</li>");
    }
    page.push_str("</ul>");
}

/// A count as a length. Counts far above four thousand million would need another chart anyway.
fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
