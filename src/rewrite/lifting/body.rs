//! The text of a hoisted definition: header, captures as parameters, body, all at module level.

use crate::facts::FileFacts;
use crate::rewrite::place;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, EditSet, Span, indent};

/// How captured values come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Keyword-only parameters, so that what a pool passes by position cannot meet them.
    Keyword,
    /// Positional-only parameters in front, for functions that take any keyword.
    Leading,
    /// Ordinary parameters behind the others, where the dispatch passes exactly all of them by position.
    Trailing,
}

/// What to write.
#[derive(Debug)]
pub struct Definition<'a> {
    /// The file.
    pub facts: &'a FileFacts,
    /// The `def`, lambda or class.
    pub node: NodeId,
    /// Its new name.
    pub name: String,
    /// Type parameters of what stands around it that it names.
    pub type_parameters: Vec<String>,
    /// Own parameters that are bound like captures, because their defaults read the enclosing function; they are
    /// among `parameters`, too.
    pub dropped: Vec<NodeId>,
    /// The parameters for captures, in order.
    pub parameters: Vec<String>,
    /// How they come in.
    pub style: Style,
    /// Lines to put before the body: imports of captured modules.
    pub prelude: Vec<String>,
    /// Replacements inside the node, in spans of the file.
    pub edits: Vec<Edit>,
    /// One step of the file's indentation.
    pub unit: String,
}

impl Definition<'_> {
    /// The definition's text without a final newline; `None` if two changes meet.
    pub fn text(&self) -> Option<String> {
        match self.facts.tree().kind(self.node) {
            Kind::Lambda => self.lambda_text(),
            Kind::Call => self.made_class_text(),
            _ => self.definition_text(),
        }
    }

    fn definition_text(&self) -> Option<String> {
        let (facts, tree) = (self.facts, self.facts.tree());
        let whole = facts.with_decorators(self.node);
        let lines = crate::rewrite::place::statement_lines(facts, whole);
        let from = indent::indentation(facts.all(), tree.start(whole)).to_owned();
        let mut edits = self.edits.clone();
        if let Some(name) = tree.child(self.node, Field::Name) {
            let own = tree.child(self.node, Field::TypeParameters);
            let more = if own.is_some() { String::new() } else { self.bracketed_types() };
            edits.push(Edit::replace(tree.span(name), format!("{}{more}", self.name)));
            if let Some(own) = own.filter(|_| !self.type_parameters.is_empty()) {
                edits.push(Edit::insert(
                    tree.start(own) + 1,
                    format!("{}, ", self.type_parameters.join(", ")),
                ));
            }
        }
        if let Some(parameters) = tree.child(self.node, Field::Parameters) {
            edits.extend(self.parameter_edit(parameters));
        }
        edits.extend(prelude_edit(facts, self.node, &self.prelude, &from));
        let declarations = self.declarations_left_behind();
        let start = lines.start + from.len() as u32;
        let end = facts.slice(lines).trim_end_matches(['\n', '\r']).len() as u32 + lines.start;
        let span = Span::new(start, end.max(tree.end(whole)));
        let stays = |edit: &Edit| !declarations.iter().any(|line| line.span.contains(edit.span));
        // Of several lines that go, none is indented anew.
        let gone: Vec<Span> =
            edits.iter().filter(|edit| edit.text.is_empty()).map(|edit| edit.span).collect();
        let is_left = |edit: &Edit| !gone.iter().any(|span| span.contains(edit.span));
        edits.extend(
            reindent_edits(facts, span, &from, "")
                .into_iter()
                .filter(|edit| stays(edit) && is_left(edit)),
        );
        edits.retain(|edit| stays(edit));
        edits.extend(declarations);
        apply_inside(facts, span, edits)
    }

    /// The lines of `nonlocal` statements, which have nothing to speak of at module level: what they declare is only read.
    fn declarations_left_behind(&self) -> Vec<Edit> {
        let (facts, tree) = (self.facts, self.facts.tree());
        let declarations =
            facts.own_nodes(self.node).filter(|node| tree.kind(*node) == Kind::NonlocalStatement);
        let replaced = declarations.map(|node| {
            // Something must be left of a block, and the end of the text that moves is its last line.
            let is_statement = |child: &NodeId| tree.kind(*child) != Kind::Comment;
            let last = tree
                .parent(node)
                .is_none_or(|suite| tree.children(suite).filter(is_statement).last() == Some(node));
            if last || crate::rewrite::place::shares_its_line(facts, node) {
                return Edit::replace(tree.span(node), "pass");
            }
            Edit::delete(Span::new(
                indent::line_start(facts.all(), tree.start(node)),
                indent::line_end(facts.all(), tree.end(node)),
            ))
        });
        replaced.collect()
    }

    fn bracketed_types(&self) -> String {
        if self.type_parameters.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.type_parameters.join(", "))
        }
    }

    /// `Point = namedtuple("Point", …)`, with the name that pickle will look for.
    fn made_class_text(&self) -> Option<String> {
        let (facts, tree) = (self.facts, self.facts.tree());
        let statement = facts.statement(self.node);
        let lines = crate::rewrite::place::statement_lines(facts, statement);
        let from = indent::indentation(facts.all(), tree.start(statement)).to_owned();
        let mut edits = self.edits.clone();
        let left = tree.parent(self.node).and_then(|up| tree.child(up, Field::Left))?;
        edits.push(Edit::replace(tree.span(left), self.name.clone()));
        let first =
            tree.child(self.node, Field::Arguments).and_then(|list| tree.children(list).next())?;
        let given = tree
            .child(first, Field::Value)
            .filter(|_| tree.kind(first) == Kind::KeywordArgument)
            .unwrap_or(first);
        let content = tree
            .child_of_kind(given, Kind::StringContent)
            .filter(|_| tree.kind(given) == Kind::String)?;
        edits.push(Edit::replace(tree.span(content), self.name.clone()));
        let end = lines.start + facts.slice(lines).trim_end_matches(['\n', '\r']).len() as u32;
        let span = Span::new(lines.start + from.len() as u32, end);
        edits.extend(reindent_edits(facts, span, &from, ""));
        apply_inside(facts, span, edits)
    }

    /// Where the parameters for captures are added to a `def`'s list.
    fn parameter_edit(&self, parameters: NodeId) -> Option<Edit> {
        let (facts, tree) = (self.facts, self.facts.tree());
        if self.parameters.is_empty() {
            return None;
        }
        if !self.dropped.is_empty() {
            return Some(Edit::replace(
                tree.span(parameters),
                format!("({})", self.without_dropped(parameters)),
            ));
        }
        let list: Vec<NodeId> = tree.children(parameters).collect();
        let names = self.parameters.join(", ");
        let has_star = list.iter().any(|node| is_star(facts, *node));
        let slash = list.iter().find(|node| tree.kind(**node) == Kind::PositionalSeparator);
        match (self.style, list.first(), list.last()) {
            (Style::Leading, Some(first), _) if slash.is_some() => {
                Some(Edit::insert(tree.start(*first), format!("{names}, ")))
            }
            (Style::Leading, Some(first), _) => {
                Some(Edit::insert(tree.start(*first), format!("{names}, /, ")))
            }
            (Style::Leading, None, _) => {
                Some(Edit::insert(tree.start(parameters) + 1, format!("{names}, /")))
            }
            (Style::Keyword, _, Some(last)) if has_star => {
                Some(Edit::insert(tree.end(*last), format!(", {names}")))
            }
            (Style::Keyword, _, Some(last)) => {
                Some(Edit::insert(tree.end(*last), format!(", *, {names}")))
            }
            (Style::Keyword, _, None) => {
                Some(Edit::insert(tree.start(parameters) + 1, format!("*, {names}")))
            }
            (Style::Trailing, _, Some(last)) => {
                Some(Edit::insert(tree.end(*last), format!(", {names}")))
            }
            (Style::Trailing, _, None) => Some(Edit::insert(tree.start(parameters) + 1, names)),
        }
    }

    /// The list of parameters without the dropped ones, the bound ones behind a star; where every dispatch passes these by
    /// position, they stay in their places.
    fn without_dropped(&self, parameters: NodeId) -> String {
        let (facts, tree) = (self.facts, self.facts.tree());
        let kept: Vec<NodeId> =
            tree.children(parameters).filter(|node| !self.dropped.contains(node)).collect();
        let mut texts: Vec<String> = kept.iter().map(|node| facts.text(*node).to_owned()).collect();
        if self.style == Style::Trailing {
            // Only without the defaults.
            let plain = self.dropped.iter().map(|node| {
                let name =
                    tree.child(*node, Field::Type).or_else(|| tree.child(*node, Field::Name));
                facts.slice(Span::new(tree.start(*node), name.map_or(0, |name| tree.end(name))))
            });
            texts.extend(plain.map(str::to_owned));
            return texts.join(", ");
        }
        if !kept.iter().any(|node| is_star(facts, *node)) {
            texts.push("*".to_owned());
        }
        texts.extend(self.parameters.iter().cloned());
        texts.join(", ")
    }

    fn lambda_text(&self) -> Option<String> {
        let (facts, tree) = (self.facts, self.facts.tree());
        let newline = facts.source.newline();
        let own = tree.child(self.node, Field::Parameters);
        let header = match own {
            Some(parameters) if !self.dropped.is_empty() => self.without_dropped(parameters),
            Some(parameters) => {
                let span = tree.span(parameters);
                let text = apply_inside(
                    facts,
                    span,
                    self.edits.iter().filter(|edit| span.contains(edit.span)).cloned().collect(),
                )?;
                if text.contains('#') {
                    // Comments need their lines.
                    let step = format!("{newline}{0}{0}", self.unit);
                    let lines = text.lines().map(str::trim).collect::<Vec<_>>().join(&step);
                    format!("{step}{}{newline}", self.lambda_parameters(&lines, parameters))
                } else {
                    let text = on_one_line(&text);
                    self.lambda_parameters(&text, parameters)
                }
            }
            None => match self.style {
                _ if self.parameters.is_empty() => String::new(),
                Style::Keyword => format!("*, {}", self.parameters.join(", ")),
                Style::Leading => format!("{}, /", self.parameters.join(", ")),
                Style::Trailing => self.parameters.join(", "),
            },
        };
        let body = tree.child(self.node, Field::Body)?;
        let colon = place::colon_before(tree, self.node, body)?;
        let after_colon = facts.slice(Span::new(tree.end(colon), tree.start(body)));
        let comments_first = after_colon.contains('#');
        let span = if comments_first {
            Span::new(tree.end(colon), tree.end(body))
        } else {
            tree.span(body)
        };
        let from = indent::indentation(facts.all(), tree.start(self.node)).to_owned();
        let mut edits: Vec<Edit> =
            self.edits.iter().filter(|edit| span.contains(edit.span)).cloned().collect();
        let bare = comments_first || needs_parentheses(facts, body);
        let to = if bare { format!("{}{}", self.unit, self.unit) } else { self.unit.clone() };
        edits.extend(reindent_edits(facts, span, &from, &to));
        let text = apply_inside(facts, span, edits)?;
        let unit = &self.unit;
        let prelude: String =
            self.prelude.iter().map(|line| format!("{unit}{line}{newline}")).collect();
        let value = if bare {
            format!("({newline}{unit}{unit}{}{newline}{unit})", text.trim_start())
        } else {
            text
        };
        Some(format!(
            "def {}{}({header}):{newline}{prelude}{unit}return {value}",
            self.name,
            self.bracketed_types()
        ))
    }

    fn lambda_parameters(&self, own: &str, parameters: NodeId) -> String {
        let (facts, tree) = (self.facts, self.facts.tree());
        if self.parameters.is_empty() {
            return own.to_owned();
        }
        let names = self.parameters.join(", ");
        let list: Vec<NodeId> = tree.children(parameters).collect();
        let has_star = list.iter().any(|node| is_star(facts, *node));
        let has_slash = list.iter().any(|node| tree.kind(*node) == Kind::PositionalSeparator);
        match self.style {
            Style::Leading if has_slash => format!("{names}, {own}"),
            Style::Leading => format!("{names}, /, {own}"),
            Style::Keyword if has_star => format!("{own}, {names}"),
            Style::Keyword => format!("{own}, *, {names}"),
            Style::Trailing => format!("{own}, {names}"),
        }
    }
}

/// The statements `lines` at the start of the body of `function`, behind its docstring. `from` is the indentation of the definition that
/// moves, which is the function or a class around it.
pub(in crate::rewrite) fn prelude_edit(
    facts: &FileFacts,
    function: NodeId,
    lines: &[String],
    from: &str,
) -> Option<Edit> {
    let tree = facts.tree();
    if lines.is_empty() {
        return None;
    }
    let body = tree.child(function, Field::Body)?;
    let statements: Vec<NodeId> = tree.children(body).collect();
    let first = *statements.first()?;
    let newline = facts.source.newline();
    let is_docstring = tree.kind(first) == Kind::ExpressionStatement
        && statements.len() > 1
        && tree.children(first).next().is_some_and(|value| tree.kind(value) == Kind::String);
    let place = if is_docstring { statements[1] } else { first };
    if facts.source.lines().line(tree.start(place))
        == facts.source.lines().line(tree.start(function))
    {
        return Some(Edit::insert(
            tree.start(place),
            lines.iter().map(|line| format!("{line}; ")).collect::<String>(),
        ));
    }
    let indentation = indent::indentation(facts.all(), tree.start(place)).to_owned();
    let defines = matches!(
        tree.kind(place),
        Kind::FunctionDefinition | Kind::ClassDefinition | Kind::DecoratedDefinition
    );
    let blank = if defines { newline } else { "" };
    let last = lines.len() - 1;
    let after = |at: usize| if at == last { blank } else { "" };
    let line = |(at, line)| format!("{line}{newline}{}{}", after(at), dedented(&indentation, from));
    // Goes to the front of the first line's text, which may be a comment's: its indentation serves the first import.
    Some(Edit::insert(
        crate::rewrite::place::first_text(facts, place),
        lines.iter().enumerate().map(line).collect::<String>(),
    ))
}

/// Whether a parameter is `*args`, `*` or `**kwargs`, with or without an annotation.
fn is_star(facts: &FileFacts, parameter: NodeId) -> bool {
    facts.text(parameter).starts_with('*')
}

/// The lines of `text` as one, without the backslashes that continue them.
pub fn on_one_line(text: &str) -> String {
    text.lines()
        .map(|line| line.trim().trim_end_matches('\\').trim_end())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a lambda's body spans lines outside any bracket of its own.
fn needs_parentheses(facts: &FileFacts, body: NodeId) -> bool {
    let tree = facts.tree();
    let text = facts.text(body);
    if !text.contains('\n') {
        return false;
    }
    let start = tree.start(body);
    text.match_indices('\n').any(|(at, _)| {
        let offset = start + at as u32;
        !tree.subtree(body).any(|node| {
            let bracketed = matches!(
                tree.kind(node),
                Kind::ParenthesizedExpression
                    | Kind::ArgumentList
                    | Kind::List
                    | Kind::Dictionary
                    | Kind::Set
                    | Kind::Tuple
                    | Kind::ListComprehension
                    | Kind::SetComprehension
                    | Kind::DictionaryComprehension
                    | Kind::GeneratorExpression
                    | Kind::Subscript
                    | Kind::String
            );
            bracketed && tree.span(node).contains_offset(offset)
        })
    })
}

fn dedented<'a>(indentation: &'a str, from: &str) -> &'a str {
    // The inserted lines are not seen by the re-indentation, so they are written as they will stand.
    indentation.strip_prefix(from).unwrap_or(indentation)
}

/// Edits that move the lines of `span` (which starts after its first line's blanks) from one indentation to another.
pub fn reindent_edits(facts: &FileFacts, span: Span, from: &str, to: &str) -> Vec<Edit> {
    let protected = crate::rewrite::place::protected_zones(facts, span);
    let text = facts.all();
    let mut edits = Vec::new();
    let mut at = indent::line_end(text, span.start);
    while at < span.end {
        let end = indent::line_end(text, at);
        let line = &text[at as usize..end as usize];
        let inside = protected.iter().any(|zone| zone.start < at && at < zone.end);
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        if !inside {
            if line.trim().is_empty() {
                if blanks > 0 {
                    edits.push(Edit::delete(Span::new(at, at + blanks as u32)));
                }
            } else {
                let common =
                    line.bytes().zip(from.bytes()).take_while(|(have, want)| have == want).count()
                        as u32;
                if common > 0 || !to.is_empty() {
                    edits.push(Edit::replace(Span::new(at, at + common), to));
                }
            }
        }
        at = end;
    }
    edits
}

/// The text of `span` after `edits`, which are given in spans of the file; `None` if two of them meet.
pub fn apply_inside(facts: &FileFacts, span: Span, edits: Vec<Edit>) -> Option<String> {
    let moved = edits.into_iter().map(|edit| Edit {
        span: Span::new(edit.span.start - span.start, edit.span.end - span.start),
        text: edit.text,
    });
    Some(EditSet::new(moved).ok()?.apply(facts.slice(span)))
}
