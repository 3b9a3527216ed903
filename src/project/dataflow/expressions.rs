//! What one expression or definition gives: edges backwards, and what is made where it stands.

use super::source::{Allocation, CallString, Found, Frame, Source, Way};
use super::{Solver, beside};
use crate::facts::dataflow::{Part, Step};
use crate::facts::scopes::{Binding, BindingKind, ScopeId, ScopeKind};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};
use std::sync::Arc;

impl Solver<'_> {
    pub(super) fn value(&self, site: Site, context: &CallString) -> Vec<Found> {
        let graph = self.graph(site.file);
        if let Some(binding) = graph.definition(site.node) {
            return self.definition_value(site, binding, context);
        }
        let made = || Allocation { site, context: context.for_heap() };
        match self.tree(site.file).kind(site.node) {
            Kind::Identifier => self.name_value(site, context),
            Kind::Call => self.call_value(site, context),
            Kind::Decorator => self.decorator_value(site, context),
            Kind::DecoratedDefinition => self.decorated_value(site, context),
            Kind::FunctionDefinition => vec![Found::new(Source::Function(site))],
            Kind::ClassDefinition => vec![Found::new(Source::Class(site))],
            Kind::Lambda => vec![Found::made(Source::Lambda(site), site)],
            Kind::Integer
            | Kind::Float
            | Kind::String
            | Kind::ConcatenatedString
            | Kind::True
            | Kind::False
            | Kind::None
            | Kind::Ellipsis => vec![Found::new(Source::Literal(site))],
            Kind::List
            | Kind::Tuple
            | Kind::ExpressionList
            | Kind::Set
            | Kind::Dictionary
            | Kind::ListComprehension
            | Kind::SetComprehension
            | Kind::DictionaryComprehension
            | Kind::GeneratorExpression => {
                vec![Found::new(Source::Container { made: made(), view: Arc::from([]) })]
            }
            Kind::BinaryOperator | Kind::AugmentedAssignment => self.operation_value(site, context),
            Kind::Attribute => self.attribute_value(site, context),
            _ => self.along_edges_or_unknown(site, context),
        }
    }

    /// As [`along_edges`](Self::along_edges); where no edge leads, nothing is known.
    pub(super) fn along_edges_or_unknown(&self, site: Site, context: &CallString) -> Vec<Found> {
        if self.graph(site.file).edges_to(site.node).is_empty() {
            return vec![Found::unknown()];
        }
        self.along_edges(site, context)
    }

    /// `a + b`, `a | b`, `a * n`: a new container where an operand is one.
    pub(super) fn operation_value(&self, site: Site, context: &CallString) -> Vec<Found> {
        let is_container = |node: NodeId| {
            let found = self.find(beside(site, node), context);
            found
                .iter()
                .any(|each| matches!(each.source, Source::Container { .. } | Source::Slice { .. }))
        };
        let tree = self.tree(site.file);
        let operands = [Field::Left, Field::Right].into_iter();
        let operands: Vec<NodeId> =
            operands.filter_map(|field| tree.child(site.node, field)).collect();
        if operands.iter().copied().any(is_container) {
            let made = Allocation { site, context: context.for_heap() };
            return vec![Found::new(Source::Container { made, view: Arc::from([]) })];
        }
        vec![Found::unknown()]
    }

    /// The scope whose frame evaluates a node: the module, or a function's.
    pub(super) fn frame_of(&self, site: Site) -> ScopeId {
        let facts = self.file(site.file);
        let scopes = &facts.scopes;
        let parameter = self
            .graph(site.file)
            .definition(site.node)
            .filter(|binding| matches!(binding.kind, BindingKind::Parameter { .. }));
        let mut at = parameter.map_or_else(|| scopes.scope_of(site.node), |binding| binding.scope);
        loop {
            let here = scopes.get(at);
            let is_frame =
                matches!(here.kind, ScopeKind::Module | ScopeKind::Function | ScopeKind::Lambda);
            match here.parent {
                Some(parent) if !is_frame => at = parent,
                _ => return at,
            }
        }
    }

    /// Follows the edges that lead to a node.
    pub(super) fn along_edges(&self, site: Site, context: &CallString) -> Vec<Found> {
        let graph = self.graph(site.file);
        let mut out = Vec::new();
        for edge in graph.edges_to(site.node) {
            let from = beside(site, edge.from);
            let (inner, crossing) = self.seen_from(from, site, context);
            if !self.may_run(from, &inner) || self.exclude_each_other(from, site) {
                continue;
            }
            let found = self.find(from, &inner);
            let found = found.iter().map(|each| match crossing {
                Crossing::Inwards if !each.callers.is_unknown() => {
                    each.apart().entered(Frame::Within(each.callers.clone()))
                }
                Crossing::None => each.clone(),
                Crossing::Inwards | Crossing::Module => each.apart(),
            });
            let names = self.names_what_it_binds(from);
            let mut found: Vec<Found> =
                found.map(|each| if names { each.named(site) } else { each }).collect();
            for step in &edge.steps {
                found = found
                    .iter()
                    .flat_map(|each| {
                        let taken =
                            self.stepped(&each.source, self.said(*step, site, context), site);
                        self.taken(each, taken, site, context)
                    })
                    .map(|each| {
                        let is_member = matches!(step, Step::Load(Part::Attribute(_)));
                        if is_member && !each.way.is_kept { each.named(site) } else { each }
                    })
                    .collect();
            }
            if self.is_left_of_or(from, site) {
                found.retain(|each| self.truth_of(&each.source) != Some(false));
            }
            out.extend(found);
        }
        out
    }

    /// What was taken of a source that was found at `at`, in a frame entered by `context`: what was assumed for the source still
    /// holds. What is assumed where a container was made elsewhere says nothing about this frame.
    pub(super) fn taken(
        &self,
        of: &Found,
        taken: Vec<Found>,
        at: Site,
        context: &CallString,
    ) -> Vec<Found> {
        let mut inner = &of.source;
        while let Source::Slice { of, .. } = inner {
            inner = of;
        }
        let (Source::Container { made, .. }
        | Source::Generator { made, .. }
        | Source::Coroutine { made, .. }) = inner
        else {
            return beneath(of, taken);
        };
        let here = of.callers.beneath(context);
        let is_related =
            self.outermost_frame(at, &here) == self.outermost_frame(made.site, &made.context);
        if is_related {
            return beneath(of, taken);
        }
        beneath(of, taken.iter().map(Found::apart).collect())
    }

    /// Whether an expression is a part of an `or` whose value it is only where it is true.
    pub(super) fn is_left_of_or(&self, part: Site, whole: Site) -> bool {
        let tree = self.tree(whole.file);
        tree.kind(whole.node) == Kind::BooleanOperator
            && tree.field(part.node) == Field::Left
            && tree.child_of_kind(whole.node, Kind::OrKeyword).is_some()
    }

    /// Whether a definition gives something the name by which it is known: a `def`, a class, an import.
    pub(super) fn names_what_it_binds(&self, definition: Site) -> bool {
        self.graph(definition.file).definition(definition.node).is_some_and(|binding| {
            matches!(
                binding.kind,
                BindingKind::FunctionDef(_) | BindingKind::ClassDef(_) | BindingKind::Import { .. }
            )
        })
    }

    /// A step whose part is said by a variable: `items[key]`.
    pub(super) fn said(&self, step: Step, site: Site, context: &CallString) -> Step {
        let tree = self.tree(site.file);
        let index = tree.child(site.node, Field::Subscript);
        let Some(index) = index.filter(|_| step == Step::Load(Part::Any)) else { return step };
        match &*self.find(beside(site, index), context) {
            // What one caller says is not what all may say.
            [Found { source: Source::Literal(literal), callers, .. }] if callers.is_unknown() => {
                Step::Load(self.part_of_literal(*literal))
            }
            _ => step,
        }
    }

    /// In which call string a node is evaluated that another one of the same file refers to.
    pub(super) fn seen_from(
        &self,
        from: Site,
        to: Site,
        context: &CallString,
    ) -> (CallString, Crossing) {
        let (there, here) = (self.frame_of(from), self.frame_of(to));
        if there == here {
            return (context.clone(), Crossing::None);
        }
        let scopes = &self.file(from.file).scopes;
        if there == scopes.module() {
            return (CallString::UNKNOWN, Crossing::Module);
        }
        match context.split() {
            Some((Frame::Within(outer), _)) => (outer.clone(), Crossing::Inwards),
            _ => (CallString::UNKNOWN, Crossing::Inwards),
        }
    }

    pub(super) fn stepped(&self, source: &Source, step: Step, at: Site) -> Vec<Found> {
        match step {
            Step::Load(part) => self.load(source, part, at),
            Step::Iterate => self.elements(source, at),
            Step::Await => self.awaited(source),
            Step::Rest { before, after } => match source {
                Source::Container { .. } | Source::Slice { .. } | Source::Generator { .. } => {
                    let of = Arc::new(source.clone());
                    vec![Found::new(Source::Slice { of, before, after })]
                }
                _ => vec![Found::unknown()],
            },
        }
    }

    pub(super) fn name_value(&self, site: Site, context: &CallString) -> Vec<Found> {
        if !self.graph(site.file).edges_to(site.node).is_empty() {
            return self.narrowed(self.along_edges(site, context), site, context);
        }
        let facts = self.file(site.file);
        let Some((home, name)) = facts.scopes.resolve_name(site.node) else {
            return vec![Found::unknown()];
        };
        if !facts.scopes.bindings(home, name).is_empty() || home != facts.scopes.module() {
            return vec![Found::unknown()];
        }
        self.unbound(site.file, name)
    }

    /// What a definition gives to the name that it binds.
    pub(super) fn definition_value(
        &self,
        site: Site,
        binding: &Binding,
        context: &CallString,
    ) -> Vec<Found> {
        match &binding.kind {
            BindingKind::Parameter { .. } => self.parameter_value(site, binding, context),
            BindingKind::Import { module, attribute } => {
                self.imported(site.file, module, attribute.as_deref())
            }
            BindingKind::Except { class: Some(class) } => {
                let classes = self.find(beside(site, *class), context);
                classes.iter().map(|each| Found::new(instance_of(&each.source))).collect()
            }
            BindingKind::FunctionDef(definition) | BindingKind::ClassDef(definition) => {
                let name = self.file(site.file).definition_name(*definition);
                let is_top = binding.scope == self.file(site.file).scopes.module();
                match self.own_api(site.file, name).filter(|_| is_top) {
                    Some(api) => vec![Found::new(api)],
                    None => self.along_edges(site, context),
                }
            }
            BindingKind::Assignment { annotation, .. } => {
                let mut found = self.along_edges(site, context);
                if let Some(annotation) = annotation
                    && found.iter().all(|each| each.source.is_unknown())
                {
                    found.extend(self.annotated(beside(site, *annotation)));
                }
                found
            }
            _ => self.along_edges_or_unknown(site, context),
        }
    }
}

/// Whether an edge leads into another frame.
#[derive(Clone, Copy)]
pub(super) enum Crossing {
    None,
    /// From an outer function into one inside.
    Inwards,
    /// From the module into a function.
    Module,
}

/// What an instance of a class is as a source.
pub(super) fn instance_of(class: &Source) -> Source {
    match class {
        Source::Class(class) => Source::Instance { class: *class, made: None },
        Source::External { path, start } => {
            Source::Made { path: path.clone(), start: *start, made: None }
        }
        _ => Source::Unknown,
    }
}

/// What follows from a source holds under what was assumed for the source.
pub(super) fn assuming(of: &Found, found: Vec<Found>) -> Vec<Found> {
    if of.callers.is_unknown() {
        return found;
    }
    let beneath = |each: Found| Found { callers: of.callers.beneath(&each.callers), ..each };
    found.into_iter().map(beneath).collect()
}

/// What was taken of a source holds under what was assumed for the source.
pub(super) fn beneath(of: &Found, taken: Vec<Found>) -> Vec<Found> {
    if of.callers.is_unknown() && of.way.is_plain() {
        return taken;
    }
    taken
        .into_iter()
        .map(|each| {
            // What is handed over is the whole; its part is named where it was put in.
            let way = Way {
                given_back_by: of.way.given_back_by.or(each.way.given_back_by),
                is_kept: of.way.is_kept || each.way.is_kept,
                ..each.way
            };
            Found { callers: of.callers.beneath(&each.callers), source: each.source, way }
        })
        .collect()
}
