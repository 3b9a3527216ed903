//! Answers as text: for tests and `debug values`.

use super::Solver;
use super::source::{Allocation, CallString, Frame, Source};
use crate::facts::dataflow::place;
use crate::project::{FileId, Site};
use crate::syntax::{Kind, NodeId};
use std::collections::BTreeSet;
use std::fmt::Write;

impl Solver<'_> {
    /// The sources of the largest expression that begins at a line and column (from 1), a line each; `None` if none does.
    pub fn describe(&self, file: FileId, line: u32, column: u32) -> Option<String> {
        let facts = self.file(file);
        let tree = facts.tree();
        let begins = |node: &NodeId| {
            let at = facts.source.lines().place(&facts.source.text, tree.start(*node));
            (at.line, at.column) == (line, column)
        };
        let is_expression = |node: &NodeId| {
            !matches!(tree.kind(*node), Kind::Module | Kind::Block | Kind::ExpressionStatement)
                && !tree.kind(*node).is_token()
        };
        let node = tree.subtree(crate::syntax::Tree::ROOT).filter(begins).find(is_expression)?;
        let site = Site { file, node };
        let sources = self.sources(site, &CallString::UNKNOWN);
        let mut out = String::new();
        for each in sources.found.iter() {
            let callers = self.callers_text(&each.callers);
            let handed: String = each
                .way
                .handed_over
                .iter()
                .map(|argument| format!("   as argument {}", self.place_text(*argument)))
                .collect();
            let _ = writeln!(out, "{}{callers}{handed}", self.source_text(&each.source));
        }
        if !sources.is_complete {
            out.push_str("budget met: there may be more\n");
        }
        let needed: BTreeSet<_> =
            self.take_needs().into_iter().map(|number| self.needed(number)).collect();
        for (path, name) in needed {
            let name = name.map_or_else(String::new, |name| format!(" for {name}"));
            let _ = writeln!(out, "not parsed: {}{name}", path.display());
        }
        Some(out)
    }

    pub(super) fn callers_text(&self, callers: &CallString) -> String {
        if callers.is_unknown() {
            return String::new();
        }
        let frames = callers.frames().iter().rev().map(|frame| match frame {
            Frame::Call(call) => self.place_text(*call),
            Frame::This(object) => format!("method of {}", self.source_text(object)),
            Frame::Within(outer) => format!("within{}", self.callers_text(outer)),
        });
        format!("   called by {}", frames.collect::<Vec<_>>().join(", by "))
    }

    pub(super) fn place_text(&self, site: Site) -> String {
        let facts = self.file(site.file);
        let name = facts.source.path.file_name().unwrap_or_default().to_string_lossy();
        format!("{name}:{}", place(facts.tree(), &facts.source, site.node))
    }

    pub(super) fn made_text(&self, made: &Allocation) -> String {
        format!("{}{}", self.place_text(made.site), self.callers_text(&made.context))
    }

    pub(super) fn source_text(&self, source: &Source) -> String {
        let class_text = |class: Site| self.file(class.file).definition_name(class.node).to_owned();
        match source {
            Source::External { path, .. } => format!("external {path}"),
            Source::Module(file) => format!("module {}", self.file(*file).source.path.display()),
            Source::Function(site) => format!("function {}", self.place_text(*site)),
            Source::Lambda(site) => format!("lambda {}", self.place_text(*site)),
            Source::Class(site) => format!("class {}", self.place_text(*site)),
            Source::Instance { class, made } => {
                let made = made.as_ref().map(|made| format!(" made at {}", self.made_text(made)));
                format!("instance of {}{}", class_text(*class), made.unwrap_or_default())
            }
            Source::Made { path, made, .. } => {
                let made = made.as_ref().map(|made| format!(" made at {}", self.made_text(made)));
                format!("object of {path}{}", made.unwrap_or_default())
            }
            Source::Method { object, name, .. } => {
                format!("method {name} of {}", self.source_text(object))
            }
            Source::Partial(made) => format!("partial {}", self.made_text(made)),
            Source::Container { made, view } => {
                let part = if view.is_empty() { "" } else { "part of " };
                format!("{part}container {}", self.made_text(made))
            }
            Source::Slice { of, .. } => format!("slice of {}", self.source_text(of)),
            Source::Generator { function, .. } => {
                format!("generator {}", self.place_text(*function))
            }
            Source::Coroutine { function, .. } => {
                format!("coroutine {}", self.place_text(*function))
            }
            Source::Attributes(object) => format!("attributes of {}", self.source_text(object)),
            Source::Super { class, .. } => format!("super of {}", class_text(*class)),
            Source::Literal(site) => format!("literal {}", self.place_text(*site)),
            Source::Caller(site) => format!("call {}", self.place_text(*site)),
            Source::Result(site) => format!("unknown result {}", self.place_text(*site)),
            Source::Parameter(site) => format!("parameter {}", self.place_text(*site)),
            Source::Unknown => "unknown".to_owned(),
        }
    }
}
