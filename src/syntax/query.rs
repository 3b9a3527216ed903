//! Query files, compiled once and on first use (a pattern costs milliseconds to compile).

use super::parse::Parsed;
use super::{Kind, NodeId};
use crate::text::Span;
use std::sync::OnceLock;
use streaming_iterator::StreamingIterator;
use tree_sitter::{Query, QueryCursor};

/// One `.scm` file of `queries/`.
#[derive(Debug)]
pub struct QueryFile {
    name: &'static str,
    text: &'static str,
    compiled: OnceLock<Query>,
}

/// One match: nodes by capture name.
#[derive(Debug, Clone)]
pub struct Match {
    captures: Vec<(&'static str, NodeId)>,
}

impl Match {
    /// The node captured as `name` (without the `@`).
    pub fn get(&self, name: &str) -> Option<NodeId> {
        self.captures.iter().find(|row| row.0 == name).map(|row| row.1)
    }
}

impl QueryFile {
    /// The query with the text of `queries/<name>.scm`.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, compiled: OnceLock::new() }
    }

    /// The file's stem.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The compiled query.
    ///
    /// # Panics
    /// If the text does not fit the grammar; a test compiles every query.
    pub fn compiled(&self) -> &Query {
        self.compiled.get_or_init(|| {
            Query::new(&tree_sitter_python::LANGUAGE.into(), self.text)
                .unwrap_or_else(|error| panic!("queries/{}.scm: {error}", self.name))
        })
    }

    /// All matches in the order of the text.
    pub fn run(&'static self, parsed: &Parsed, text: &str) -> Vec<Match> {
        let query = self.compiled();
        let names = query.capture_names();
        let mut cursor = QueryCursor::new();
        let mut found = cursor.matches(query, parsed.cst.root_node(), text.as_bytes());
        let mut out = Vec::new();
        while let Some(hit) = found.next() {
            let captures = hit
                .captures()
                .iter()
                .filter_map(|capture| {
                    let span =
                        Span::new(capture.node.start_byte() as u32, capture.node.end_byte() as u32);
                    let id = parsed.tree.find(span, Kind::from_id(capture.node.kind_id()))?;
                    Some((names[capture.index as usize], id))
                })
                .collect();
            out.push(Match { captures });
        }
        out
    }
}
