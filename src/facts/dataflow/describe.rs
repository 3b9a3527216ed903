//! The graph as text, a line for each edge and store: for tests and `debug flow`.

use super::{DataFlow, GuardId, Part, Step, Test};
use crate::syntax::{NodeId, Tree};
use crate::text::SourceFile;
use std::fmt::Write;

impl DataFlow {
    /// A line for each edge (`to <- from`), then one for each store (`container[part] <- value`), in the order of the text.
    /// Places are `line:column text`.
    pub fn describe(&self, tree: &Tree, source: &SourceFile) -> String {
        let mut out = String::new();
        let place = |node: NodeId| place(tree, source, node);
        for edge in &self.edges {
            let steps: String = edge.steps.iter().map(|step| step_text(*step)).collect();
            let guard = self.guard_text(tree, source, edge.from);
            let _ = writeln!(out, "{} <- {}{steps}{guard}", place(edge.to), place(edge.from));
        }
        for store in &self.stores {
            let steps: String = store.steps.iter().map(|step| step_text(*step)).collect();
            let part = store.part.map_or_else(|| ".all".to_owned(), part_text);
            let guard = self.guard_text(tree, source, store.value);
            let (container, value) = (place(store.container), place(store.value));
            let _ = writeln!(out, "{container}{part} <- {value}{steps}{guard}");
        }
        out
    }

    fn guard_text(&self, tree: &Tree, source: &SourceFile, node: NodeId) -> String {
        let guard = self.guards.at(tree, node);
        if guard == GuardId::ALWAYS {
            return String::new();
        }
        let tests = self.guards.tests(guard).map(|test| match test {
            Test::Holds(node) => brief(tree, source, node),
            Test::Fails(node) => format!("not {}", brief(tree, source, node)),
            Test::Matches(case) => format!("case {}", brief(tree, source, case)),
            Test::Misses(case) => format!("no case {}", brief(tree, source, case)),
        });
        format!(" if {}", tests.collect::<Vec<_>>().join(" and "))
    }
}

/// The place of a node, and the start of its text.
pub fn place(tree: &Tree, source: &SourceFile, node: NodeId) -> String {
    let at = source.lines().place(&source.text, tree.start(node));
    format!("{}:{} {}", at.line, at.column, brief(tree, source, node))
}

fn brief(tree: &Tree, source: &SourceFile, node: NodeId) -> String {
    let text = tree.text(node, &source.text).lines().next().unwrap_or_default();
    if text.chars().count() > 40 {
        text.chars().take(39).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}

fn step_text(step: Step) -> String {
    match step {
        Step::Load(part) => part_text(part),
        Step::Iterate => ".*".to_owned(),
        Step::Rest { before, after } => format!("[{before}:-{after}]"),
        Step::Await => ".await".to_owned(),
    }
}

fn part_text(part: Part) -> String {
    match part {
        Part::Item(at) => format!("[{at}]"),
        Part::Last(at) => format!("[-{}]", at + 1),
        Part::Each => "[*]".to_owned(),
        Part::Key(name) => format!("{{{name}}}"),
        Part::Values => "{*}".to_owned(),
        Part::Keys => ".keys".to_owned(),
        Part::Any => "[?]".to_owned(),
        Part::Attribute(name) => format!(".{name}"),
        Part::Entered => ".enter".to_owned(),
    }
}
