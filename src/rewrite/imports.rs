//! Adding an import, or reusing one that is there.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::facts::standard_library::is_standard;
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::{Edit, indent};

/// How a name of another module can be written at module level and below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The expression: `partial`, `functools.partial`, an alias.
    pub expression: String,
    /// The edit that adds the import, if none is there.
    pub edit: Option<Edit>,
    /// The name that the edit binds.
    pub new_name: Option<String>,
}

/// `module.name` for use in the scopes of `users` and at module level before `first_use`.
pub fn import(facts: &FileFacts, module: &str, name: &str, users: &[NodeId]) -> Imported {
    let scopes = &facts.scopes;
    let tree = facts.tree();
    let visible = |local: &str| {
        users.iter().all(|user| {
            let scope = scopes.scope_of(*user);
            match scopes.resolve(scope, local) {
                crate::facts::scopes::Resolution::Global => true,
                crate::facts::scopes::Resolution::Local(id)
                | crate::facts::scopes::Resolution::Free(id) => id == scopes.module(),
            }
        })
    };
    for (local, symbol) in &scopes.get(scopes.module()).symbols {
        if !symbol.flags.contains(crate::facts::scopes::SymbolFlags::IMPORTED) {
            continue;
        }
        let bindings = scopes.bindings(scopes.module(), local);
        let [binding] = bindings else { continue };
        // An import under `if` or `try` may not have happened, nor one below what uses the name while the module is imported.
        if tree.parent(binding.statement) != Some(Tree::ROOT)
            || !visible(local)
            || !is_early(facts, binding.statement, users)
        {
            continue;
        }
        if let BindingKind::Import { module: have, attribute } = &binding.kind {
            if have == module && attribute.as_deref() == Some(name) {
                return Imported { expression: local.clone(), edit: None, new_name: None };
            }
            if have == module && attribute.is_none() {
                return Imported {
                    expression: format!("{local}.{name}"),
                    edit: None,
                    new_name: None,
                };
            }
        }
    }
    let free = crate::rewrite::fresh_name::names_in_use(facts);
    let local = if free.contains(name) { format!("_{name}") } else { name.to_owned() };
    let line = if local == name {
        format!("from {module} import {name}")
    } else {
        format!("from {module} import {name} as {local}")
    };
    Imported {
        expression: local.clone(),
        edit: Some(insertion(facts, &line, module)),
        new_name: Some(local),
    }
}

/// Whether an import stands above all users, or above everything that may call one of them.
fn is_early(facts: &FileFacts, import: NodeId, users: &[NodeId]) -> bool {
    let tree = facts.tree();
    let above = |user: &NodeId| tree.end(import) <= tree.start(facts.top_level_statement(*user));
    users.iter().all(above)
        || !tree
            .children(Tree::ROOT)
            .take_while(|statement| *statement != import)
            .any(|statement| runs_calls(facts, statement))
}

/// Whether a statement of the module calls anything while the module is imported.
fn runs_calls(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    crate::facts::execution::executed(facts, statement)
        .into_iter()
        .any(|node| tree.kind(node) == Kind::Call)
}

/// Import statements of one name each, those from the same module on one line.
pub(in crate::rewrite) fn joined(statements: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for statement in statements {
        let from = statement
            .split_once(" import ")
            .map(|(module, name)| (format!("{module} import "), name))
            .filter(|row| row.0.starts_with("from "));
        match from.and_then(|(head, name)| {
            Some((lines.iter_mut().find(|line| line.starts_with(&head))?, name))
        }) {
            Some((line, name)) => line.push_str(&format!(", {name}")),
            None => lines.push(statement),
        }
    }
    lines
}

/// Where a new import line goes: beside the imports of its kind (of the standard library, or others) in their order, above
/// the others if there is none of its kind, else below docstring and `__future__` imports.
pub(in crate::rewrite) fn insertion(facts: &FileFacts, line: &str, module: &str) -> Edit {
    let tree = facts.tree();
    let text = facts.all();
    let newline = facts.source.newline();
    let mut block: Vec<NodeId> = Vec::new();
    let mut head_end = None;
    let mut only_head = true;
    for statement in tree.children(Tree::ROOT) {
        match tree.kind(statement) {
            Kind::ImportStatement | Kind::ImportFromStatement => {
                only_head = false;
                block.push(statement);
            }
            Kind::FutureImportStatement => head_end = Some(statement),
            Kind::ExpressionStatement
                if head_end.is_none() && only_head && is_docstring(tree, statement) =>
            {
                head_end = Some(statement);
            }
            _ if !block.is_empty() => break,
            // Imports below what runs first are not where a new name can come from.
            _ if runs_calls(facts, statement) => break,
            _ if only_head => only_head = false,
            _ => {}
        }
    }
    if block.is_empty() {
        return match head_end {
            Some(head) => Edit::insert(
                indent::line_end(text, tree.end(head) - 1),
                format!("{newline}{line}{newline}"),
            ),
            None => {
                let at = first_code_line(facts);
                // What is put above the first definition brings the rest of two blank lines.
                let blanks = text[..at as usize].len()
                    - text[..at as usize].trim_end_matches(['\n', '\r']).len();
                let breaks = text[at as usize - blanks..at as usize].matches('\n').count();
                let defines = tree.children(Tree::ROOT).next().is_some_and(|first| {
                    matches!(
                        tree.kind(first),
                        Kind::FunctionDefinition
                            | Kind::ClassDefinition
                            | Kind::DecoratedDefinition
                    )
                });
                let gap = if at == 0 {
                    1 + usize::from(defines)
                } else {
                    breaks.saturating_sub(1).clamp(1, 2)
                };
                Edit::insert(at, format!("{line}{newline}{}", newline.repeat(gap)))
            }
        };
    }
    let of_kind = |statement: &NodeId| {
        module_of(facts, *statement).is_some_and(|have| is_standard(&have) == is_standard(module))
    };
    let section: Vec<NodeId> = block.iter().copied().filter(of_kind).collect();
    if section.is_empty() && is_standard(module) {
        return Edit::insert(above(facts, block[0]), format!("{line}{newline}{newline}"));
    }
    let section = if section.is_empty() { block } else { section };
    let sorts_before = |statement: &NodeId| {
        module_of(facts, *statement)
            .is_some_and(|have| have.as_str() <= module && !have.starts_with('.'))
    };
    let same_style: Vec<NodeId> = section
        .iter()
        .copied()
        .filter(|statement| tree.kind(*statement) == Kind::ImportFromStatement)
        .collect();
    let plain = section
        .iter()
        .take_while(|statement| tree.kind(**statement) == Kind::ImportStatement)
        .last();
    let after =
        same_style.iter().rev().find(|statement| sorts_before(statement)).or_else(|| {
            plain.filter(|statement| sorts_before(statement) || !same_style.is_empty())
        });
    match after {
        Some(statement) => Edit::insert(end_of_line(facts, *statement), format!("{line}{newline}")),
        None if !same_style.is_empty() => {
            Edit::insert(above(facts, same_style[0]), format!("{line}{newline}"))
        }
        None => Edit::insert(
            end_of_line(facts, *plain.unwrap_or(&section[0])),
            format!("{line}{newline}"),
        ),
    }
}

/// Where a line above a statement goes: above its comments, unless they open the file and are about that.
fn above(facts: &FileFacts, statement: NodeId) -> u32 {
    let (text, start) = (facts.all(), facts.tree().start(statement));
    let above = crate::rewrite::place::with_comments_above(facts, start);
    let opens =
        text[..above as usize].lines().all(|line| line.trim().is_empty() || line.starts_with('#'));
    if opens { indent::line_start(text, start) } else { above }
}

/// The end of the line on which a statement ends; a statement that shares its line keeps its company.
fn end_of_line(facts: &FileFacts, statement: NodeId) -> u32 {
    indent::line_end(facts.all(), facts.tree().end(statement) - 1)
}

fn module_of(facts: &FileFacts, statement: NodeId) -> Option<String> {
    let tree = facts.tree();
    let node = tree
        .child(statement, crate::syntax::Field::ModuleName)
        .or_else(|| tree.child(statement, crate::syntax::Field::Name))?;
    let named = if tree.kind(node) == Kind::AliasedImport {
        tree.child(node, crate::syntax::Field::Name)?
    } else {
        node
    };
    Some(facts.text(named).to_owned())
}

fn is_docstring(tree: &Tree, statement: NodeId) -> bool {
    tree.children(statement)
        .next()
        .is_some_and(|value| matches!(tree.kind(value), Kind::String | Kind::ConcatenatedString))
}

/// The first line after shebang, coding line, the comments that open the file and the blank lines below them.
fn first_code_line(facts: &FileFacts) -> u32 {
    let text = facts.all();
    let mut at = 0;
    while (at as usize) < text.len() && text[at as usize..].starts_with('#') {
        at = indent::line_end(text, at);
    }
    let blank =
        |at: u32| text[at as usize..].starts_with('\n') || text[at as usize..].starts_with("\r\n");
    if at > 0 && !blank(at) {
        // Comments right above code are about that code.
        return crate::rewrite::place::with_comments_above(facts, at);
    }
    while blank(at) {
        at = indent::line_end(text, at);
    }
    at
}
