//! What a run of the program saw reaching a dispatch, as facts for the analysis.
//!
//! A run knows two places: where a callable is defined and where it was sent. The way between them
//! is what the analysis did not see. So the callable is taken where its own name (or the lambda)
//! escapes, and rules and rewriters judge it as they judge any other.

use crate::catalogue::{EntryId, Start};
use crate::facts::FileFacts;
use crate::findings::{Applicability, Finding, Remedy};
use crate::project::{Callable, Dispatch, Eval, FileId, Origin, Project, Sent, Site};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{EditSet, SourceFile};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Added to what a finding says, and to the title of its fix.
const NOTE: &str = "seen by a run";

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u32,
}

/// A callable that a run saw being sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observation {
    /// Where its definition begins: at the first decorator, at `def` or at `lambda`.
    pub definition: Spot,
    /// The name that the definition gives it; `<lambda>` for a lambda.
    pub name: String,
    /// Where the API was called.
    pub call: Spot,
    /// The API, as the catalogue's path of it.
    pub api: String,
    /// The parameter.
    pub slot: String,
}

/// The observations as what is sent. Those that the analysis has found itself are left out.
pub(super) fn sent(project: &Project, observations: &[Observation], known: &[Sent]) -> Vec<Sent> {
    let eval = Eval::new(project);
    let mut out = Vec::new();
    for seen in observations {
        let Some(definition) = definition(project, seen) else { continue };
        let Some((dispatch, slot)) = dispatch(&eval, seen) else { continue };
        let same = |sent: &&Sent| {
            sent.dispatch.call == dispatch.call
                && defines(&sent.origin.callable) == Some(definition)
        };
        if known.iter().any(|sent| same(&sent)) {
            continue;
        }
        let methods = dispatch.pickled_under(project);
        let callable = if seen.name == "<lambda>" {
            Callable::Lambda(definition)
        } else {
            Callable::Function(definition)
        };
        for leaf in leaves(project, definition) {
            let tree = project.file(leaf.file).tree();
            let is_direct =
                leaf.file == dispatch.call.file && tree.contains(dispatch.call.node, leaf.node);
            let origin = Origin {
                callable: callable.clone(),
                leaf,
                handover: leaf,
                through: if is_direct { Vec::new() } else { vec![dispatch.call] },
                made_by: None,
                kept: !is_direct,
                objects: Vec::new(),
                callers: crate::project::dataflow::CallString::UNKNOWN,
            };
            out.push(Sent {
                dispatch: dispatch.clone(),
                slot: slot.clone(),
                origin,
                alias: None,
                methods: methods.clone(),
            });
        }
    }
    out
}

fn defines(callable: &Callable) -> Option<Site> {
    match callable {
        Callable::Lambda(site) | Callable::Function(site) => Some(*site),
        _ => None,
    }
}

/// The one definition of that name which begins at that line.
fn definition(project: &Project, seen: &Observation) -> Option<Site> {
    let file = project.at(&seen.definition.path)?;
    let facts = project.file(file);
    let tree = facts.tree();
    let fits = |node: &NodeId| match tree.kind(*node) {
        Kind::Lambda => seen.name == "<lambda>" && starts_at(facts, *node, seen.definition.line),
        Kind::FunctionDefinition => {
            facts.definition_name(*node) == seen.name
                && starts_at(facts, facts.with_decorators(*node), seen.definition.line)
        }
        _ => false,
    };
    let mut found = tree.subtree(crate::syntax::Tree::ROOT).filter(fits);
    let first = found.next()?;
    // Two lambdas of one line cannot be told apart.
    found.next().is_none().then_some(Site { file, node: first })
}

fn starts_at(facts: &FileFacts, node: NodeId, line: u32) -> bool {
    facts.source.lines().line(facts.tree().start(node)) == line
}

/// The dispatch at that line, and its slot: the one that the analysis knows, or the one that the run says it is.
fn dispatch(eval: &Eval, seen: &Observation) -> Option<(Dispatch, crate::project::Slot)> {
    let project = eval.project;
    let file = project.at(&seen.call.path)?;
    let facts = project.file(file);
    let calls = || {
        let here = |node: &&NodeId| starts_at(facts, **node, seen.call.line);
        facts.calls.iter().filter(here).map(|node| Site { file, node: *node })
    };
    let entry = entry(project, &seen.api);
    let with_slot = |dispatch: Dispatch| {
        let slots = eval.slots(&dispatch);
        let slot = slots.into_iter().find(|slot| slot.name == seen.slot)?;
        Some((dispatch, slot))
    };
    let known = calls().flat_map(|call| eval.dispatches_at(call)).find_map(with_slot);
    known.or_else(|| {
        let entry = entry?;
        let told = |call| Dispatch {
            call,
            entry,
            start: Start::Platform,
            receiver: None,
            made: None,
            shift: 0,
        };
        calls().filter(|call| may_call(facts, *call, &seen.api)).map(told).find_map(with_slot)
    })
}

fn entry(project: &Project, api: &str) -> Option<EntryId> {
    project.catalogue.by_path(api).or_else(|| {
        let mut entries = project.catalogue.entries();
        entries.find(|(_, entry)| entry.paths.iter().any(|path| path == api)).map(|(id, _)| id)
    })
}

/// Whether a call may be one of the API: it names its last part, or what it calls is found at run time.
fn may_call(facts: &FileFacts, call: Site, api: &str) -> bool {
    let tree = facts.tree();
    let Some(callee) = tree.child(call.node, Field::Function) else { return false };
    let last = crate::catalogue::last_part(api);
    match tree.kind(callee) {
        Kind::Attribute => {
            tree.child(callee, Field::Attribute).is_some_and(|name| facts.text(name) == last)
        }
        // `run = pool.map; run(work, xs)`, `getattr(pool, "map")(work, xs)`
        _ => true,
    }
}

/// Where the callable escapes: the lambda itself, or every place that names the function without calling it.
fn leaves(project: &Project, definition: Site) -> Vec<Site> {
    let facts = project.file(definition.file);
    let tree = facts.tree();
    let Some(name) = tree.child(definition.node, Field::Name) else { return vec![definition] };
    let Some(own) = facts.scopes.resolve_name(name) else { return Vec::new() };
    let escapes = |node: &NodeId| {
        tree.kind(*node) == Kind::Identifier
            && *node != name
            && facts.scopes.resolve_name(*node) == Some(own)
            && facts.scopes.is_read(*node)
            && tree.field(*node) != Field::Function
    };
    let file = definition.file;
    tree.subtree(crate::syntax::Tree::ROOT)
        .filter(escapes)
        .map(|node| Site { file, node })
        .collect()
}

/// Says of each finding that is not among those `without` observations that it rests on a run. Its fix is for a
/// person to look at: another run may take another way.
pub(super) fn mark(findings: &mut [Finding], without: &[Finding]) {
    for finding in findings {
        let same = |other: &Finding| {
            other.code == finding.code
                && other.location == finding.location
                && other.remedy == finding.remedy
        };
        if without.iter().any(same) {
            continue;
        }
        finding.message += &format!(" ({NOTE})");
        if let Remedy::Fix(fix) = &mut finding.remedy {
            fix.applicability = Applicability::Unsafe;
            fix.title += &format!(" ({NOTE})");
        }
    }
}

/// The observations as they are after `edits`: lines have moved, and what was rewritten is gone.
pub(super) fn moved(
    observations: &[Observation],
    edits: &BTreeMap<Arc<PathBuf>, EditSet>,
    project: &Project,
    after: &BTreeMap<PathBuf, Arc<SourceFile>>,
) -> Vec<Observation> {
    let spot = |spot: &Spot| -> Option<Spot> {
        let (Some(set), Some(new)) = (edits.get(&spot.path), after.get(&spot.path)) else {
            return Some(spot.clone());
        };
        let id: FileId = project.at(&spot.path)?;
        let old = &project.file(id).source;
        let start = old.lines().line_start(spot.line);
        let line = &old.text[start as usize..];
        let offset = start + (line.len() - line.trim_start_matches([' ', '\t']).len()) as u32;
        let mut moved = i64::from(offset);
        for edit in set.iter() {
            if edit.span.start <= offset && offset < edit.span.end {
                return None;
            }
            if edit.span.end <= offset {
                moved += edit.text.len() as i64 - i64::from(edit.span.end - edit.span.start);
            }
        }
        Some(Spot { path: spot.path.clone(), line: new.lines().line(moved as u32) })
    };
    let one = |seen: &Observation| {
        Some(Observation {
            definition: spot(&seen.definition)?,
            call: spot(&seen.call)?,
            ..seen.clone()
        })
    };
    observations.iter().filter_map(one).collect()
}
