//! The top-level statements of a script, with what the sorting needs to know of each.

use crate::facts::{FileFacts, execution, guard};
use crate::project::behaviour::changes::{self, Changes};
use crate::project::behaviour::effect_tables;
use crate::project::behaviour::effects::{Effect, Level};
use crate::project::names::module_names::ModuleNames;
use crate::project::processes::starts::ProcessStart;
use crate::project::{Eval, FileId, Site};
use crate::rewrite::place;
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::{Span, indent};
use std::collections::BTreeSet;

/// What a statement is to a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Imports, definitions, the docstring: children need them, and they cost nothing.
    Definition,
    /// Binds names to constants and idle objects.
    Constant,
    /// Sets up the interpreter or a library.
    Setup,
    /// Everything else.
    Work,
    /// A right guard, or a false one with processes behind it, whose test will be mended.
    Guard,
    /// `if __name__ != "__main__": sys.exit()`.
    Exit,
}

/// One statement, or several that share lines.
#[derive(Debug, Clone)]
pub struct Item {
    /// The statements.
    pub nodes: Vec<NodeId>,
    /// Whole lines: comments right above, the statements, the final newline.
    pub lines: Span,
    /// What it is.
    pub class: Class,
    /// What it does.
    pub effect: Effect,
    /// The processes it starts.
    pub starts: Vec<ProcessStart>,
    /// Module-level names that it binds, also through functions that it names.
    pub binds: BTreeSet<String>,
    /// Module-level names whose objects it may change.
    pub changes: BTreeSet<String>,
    /// Those among them that it changes for certain: by assignments to items and attributes, by methods of containers.
    pub writes: BTreeSet<String>,
    /// Module-level names that it reads, also through functions and classes that it names.
    pub reads: BTreeSet<String>,
    /// Whether it imports something from outside the standard library.
    pub imports: bool,
    /// Whether it defines something, or imports a file of the project, and shows something meanwhile.
    pub noisy: bool,
}

impl Item {
    /// Whether it may change places with work: it does nothing that can be noticed.
    pub fn is_transparent(&self) -> bool {
        (self.class == Class::Definition && !self.noisy)
            || (self.class == Class::Constant
                && self.effect.level == Level::Pure
                && self.effect.repeatable
                && !self.effect.differs)
    }
}

impl Item {
    /// The effect that is seen in every child, if it happens whenever the item runs.
    pub(super) fn seen(&self, facts: &FileFacts, file: FileId) -> Option<(Site, &'static str)> {
        if self.class != Class::Work || self.effect.level != Level::Seen {
            return None;
        }
        let tree = facts.tree();
        let (site, what) = self.effect.cause?;
        let conditional = |up: NodeId| {
            matches!(
                tree.kind(up),
                Kind::IfStatement
                    | Kind::ExceptClause
                    | Kind::ConditionalExpression
                    | Kind::BooleanOperator
            )
        };
        let within = tree
            .ancestors(site.node)
            .take_while(|up| self.nodes.iter().any(|node| tree.contains(*node, *up)));
        (site.file == file && !within.into_iter().any(conditional)).then_some((site, what))
    }
}

/// All top-level statements in the order of the text.
pub fn collect(eval: &Eval, file: FileId) -> Vec<Item> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let names = ModuleNames::of(facts);
    let mut items: Vec<Item> = Vec::new();
    for node in tree.children(Tree::ROOT) {
        let lines = place::statement_lines(facts, node);
        let item = item(eval, file, &names, node, lines);
        match items.last_mut() {
            Some(last) if lines.start < last.lines.end || place_on_same_line(facts, last, node) => {
                merge(last, item);
            }
            _ => items.push(item),
        }
    }
    if let Some(last) = items
        .last_mut()
        .filter(|last| matches!(last.class, Class::Constant | Class::Setup | Class::Work))
    {
        last.lines.end = remarks_end(facts.all(), last.lines.end);
    }
    items
}

/// The end of the comments with which a file ends, which go on from the last statement: code that is commented out, plans.
/// What is meant for an editor stays where it looks for it.
fn remarks_end(text: &str, from: u32) -> u32 {
    let rest = &text[from as usize..];
    let remarks = rest.trim_end();
    let is_remark = |line: &str| line.trim().is_empty() || line.starts_with('#');
    let for_editors = ["vim:", "Local Variables", "-*-", "# %%", "# In["]
        .iter()
        .any(|mark| remarks.contains(mark));
    if remarks.is_empty() || for_editors || !rest.lines().all(is_remark) {
        return from;
    }
    indent::line_end(text, from + remarks.len() as u32)
}

fn place_on_same_line(facts: &FileFacts, last: &Item, node: NodeId) -> bool {
    let start = indent::line_start(facts.all(), facts.tree().start(node));
    last.lines.end > start
}

fn merge(into: &mut Item, other: Item) {
    into.nodes.extend(other.nodes);
    into.lines = into.lines.cover(other.lines);
    into.class = match (into.class, other.class) {
        (one, two) if one == two => one,
        (Class::Definition, two @ (Class::Constant | Class::Setup)) => two,
        (one @ (Class::Constant | Class::Setup), Class::Definition) => one,
        (Class::Constant, Class::Setup) | (Class::Setup, Class::Constant) => Class::Setup,
        _ => Class::Work,
    };
    let stronger = if other.effect.level > into.effect.level { other.effect } else { into.effect };
    let repeatable = into.effect.repeatable && other.effect.repeatable;
    let (differs, prepares) = (
        into.effect.differs || other.effect.differs,
        into.effect.prepares || other.effect.prepares,
    );
    into.effect = Effect { repeatable, differs, prepares, ..stronger };
    into.starts.extend(other.starts);
    into.binds.extend(other.binds);
    into.changes.extend(other.changes);
    into.writes.extend(other.writes);
    into.reads.extend(other.reads);
    into.imports |= other.imports;
    into.noisy |= other.noisy;
}

fn item(eval: &Eval, file: FileId, names: &ModuleNames, node: NodeId, lines: Span) -> Item {
    let facts = eval.file(file);
    let starts = eval.starts_in(file, node);
    let effect = eval.effect_of(file, node);
    let class = class_of(eval, file, node, effect, !starts.is_empty());
    let run = execution::executed(facts, node);
    let mut reads = names.read_by(facts, &run);
    let mut binds = bound_in(facts, node);
    let Changes { may: changes, surely: writes } = changes::made_by(eval, file, &run);
    if class != Class::Definition {
        let reached = names.reached(reads.clone());
        for name in &reached {
            binds.extend(names.written_by.get(name).into_iter().flatten().cloned());
        }
        reads = reached;
        reads.extend(eval.state_read_in(file, &run));
        reads.extend(eval.state_read_in(file, &names.nodes_of(facts, &reads)));
    }
    let defines =
        matches!(facts.tree().kind(node), Kind::DecoratedDefinition | Kind::ClassDefinition);
    let noisy = (defines && effect.level == Level::Seen) || eval.imports_noise(Site { file, node });
    let imports = imports_foreign(facts, node);
    Item {
        nodes: vec![node],
        lines,
        class,
        effect,
        starts,
        binds,
        changes,
        writes,
        reads,
        imports,
        noisy,
    }
}

fn class_of(eval: &Eval, file: FileId, node: NodeId, effect: Effect, starts: bool) -> Class {
    let facts = eval.file(file);
    let tree = facts.tree();
    match tree.kind(node) {
        Kind::IfStatement if starts && is_false_guard(facts, node) => Class::Guard,
        _ if starts && !is_definition(tree, node) => Class::Work,
        Kind::ImportStatement
        | Kind::ImportFromStatement
        | Kind::FutureImportStatement
        | Kind::FunctionDefinition
        | Kind::ClassDefinition
        | Kind::DecoratedDefinition
        | Kind::TypeAliasStatement
        | Kind::PassStatement
        | Kind::GlobalStatement => Class::Definition,
        Kind::ExpressionStatement if makes_class(eval, file, node) => Class::Definition,
        Kind::IfStatement if guard::is_guard(facts, node) => Class::Guard,
        Kind::IfStatement if guard::leaves_elsewhere(facts, node) => Class::Exit,
        Kind::IfStatement | Kind::TryStatement | Kind::WithStatement
            if brings_definitions(eval, file, node) =>
        {
            Class::Definition
        }
        Kind::ExpressionStatement
            if tree
                .children(node)
                .next()
                .is_some_and(|value| matches!(tree.kind(value), Kind::String | Kind::Ellipsis)) =>
        {
            Class::Definition
        }
        _ => match effect.level {
            Level::Pure => Class::Constant,
            Level::Setup => Class::Setup,
            Level::Work | Level::Seen => Class::Work,
        },
    }
}

/// Whether a statement imports something from outside the standard library, at any depth.
fn imports_foreign(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    let imports = execution::executed(facts, node).into_iter().filter(|node| {
        matches!(tree.kind(*node), Kind::ImportStatement | Kind::ImportFromStatement)
    });
    imports.into_iter().any(|import| {
        let named = tree
            .child(import, Field::ModuleName)
            .or_else(|| tree.child(import, Field::Name))
            .unwrap_or(import);
        let top = facts.text(named).split(['.', ' ']).next().unwrap_or_default();
        !effect_tables::STANDARD_MODULES.contains(&top)
    })
}

/// `Point = namedtuple("Point", "x y")`: a class by assignment, which objects on their way to workers need.
fn makes_class(eval: &Eval, file: FileId, statement: NodeId) -> bool {
    let tree = eval.file(file).tree();
    let assignment =
        tree.children(statement).next().filter(|inner| tree.kind(*inner) == Kind::Assignment);
    let call = assignment
        .and_then(|assignment| tree.child(assignment, Field::Right))
        .filter(|right| tree.kind(*right) == Kind::Call);
    let Some(callee) = call.and_then(|call| tree.child(call, Field::Function)) else {
        return false;
    };
    eval.makes_a_class(Site { file, node: callee })
}

/// Whether a statement's whole test pretends to be a guard.
pub(super) fn is_false_guard(facts: &FileFacts, node: NodeId) -> bool {
    let condition = facts.tree().child(node, Field::Condition);
    condition.is_some_and(|condition| {
        matches!(guard::shape(facts, condition), guard::Shape::False(_))
            && guard::false_part(facts, condition) == facts.tree().unparenthesized(condition)
    })
}

fn is_definition(tree: &Tree, node: NodeId) -> bool {
    matches!(
        tree.kind(node),
        Kind::ImportStatement
            | Kind::ImportFromStatement
            | Kind::FutureImportStatement
            | Kind::FunctionDefinition
    )
}

/// A compound statement that chooses between imports or definitions: what it does beside that is set-up or stands where
/// an import failed.
fn brings_definitions(eval: &Eval, file: FileId, node: NodeId) -> bool {
    let facts = eval.file(file);
    let tree = facts.tree();
    let mut brings = false;
    let mut pending: Vec<NodeId> = tree
        .children(node)
        .filter(|child| tree.kind(*child) == Kind::Block || is_clause(tree, *child))
        .collect();
    while let Some(at) = pending.pop() {
        for child in tree.children(at) {
            match tree.kind(child) {
                Kind::ImportStatement
                | Kind::ImportFromStatement
                | Kind::FunctionDefinition
                | Kind::ClassDefinition
                | Kind::DecoratedDefinition => {
                    brings = true;
                }
                Kind::ExceptClause => {}
                Kind::Block | Kind::IfStatement | Kind::TryStatement => pending.push(child),
                _ if is_clause(tree, child) => pending.push(child),
                _ if tree.parent(at).is_some_and(|up| tree.kind(up) == Kind::ExceptClause) => {}
                _ if eval.effect_of(file, child).level > Level::Setup => return false,
                _ => {}
            }
        }
    }
    brings
}

fn is_clause(tree: &Tree, node: NodeId) -> bool {
    matches!(tree.kind(node), Kind::ElseClause | Kind::ElifClause | Kind::FinallyClause)
}

/// The module's names that a statement binds itself.
fn bound_in(facts: &FileFacts, node: NodeId) -> BTreeSet<String> {
    let module = facts.scopes.module();
    let tree = facts.tree();
    let scope = facts.scopes.get(module);
    let bound = |name: &&String| {
        facts
            .scopes
            .bindings(module, name)
            .iter()
            .any(|binding| binding.scope == module && tree.contains(node, binding.node))
    };
    scope.symbols.keys().filter(bound).cloned().collect()
}
