//! Whether the arguments of a call make it a dispatch, for APIs that start processes only then.

use crate::catalogue::Condition;
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::dataflow::{CallString, Found, Source};
use crate::project::processes::settings::Set;
use crate::project::values::reaching;
use crate::project::{Dispatch, Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};

/// Longer chains of names are given up.
const MAX_STEPS: u32 = 4;

impl Eval<'_> {
    /// Whether everything holds that the API's entry asks of a call.
    pub(in crate::project) fn conditions_hold(&self, dispatch: &Dispatch) -> bool {
        let entry = dispatch.api(self.project);
        let text = self.file(dispatch.call.file).all();
        entry.when.iter().all(|condition| self.condition_holds(dispatch, condition))
            && !entry.unless_source.iter().any(|part| text.contains(part.as_str()))
            && (entry.id != "mp.BaseManager.register" || !self.serves_in_place(dispatch))
            && (!matches!(&*entry.id, "apscheduler.add_job" | "apscheduler.scheduled_job")
                || self.job_runs_in_process(dispatch))
            && (entry.id != "scipy.workers" || !self.maps_in_threads(dispatch))
            && (entry.id != "apscheduler.start" || self.may_run_in_processes(dispatch))
    }

    /// Whether what the API's entry asks of its arguments may hold when the function of the call is called like that.
    pub(in crate::project) fn conditions_hold_for(
        &self,
        dispatch: &Dispatch,
        callers: &CallString,
    ) -> bool {
        self.conditional_arguments(dispatch).all(|(condition, argument)| {
            let found = self.solver.sources(argument, callers).found;
            let literal = |each: &Found| match &each.source {
                Source::Literal(site) => Some(*site),
                _ => None,
            };
            let literals: Option<Vec<Site>> = found.iter().map(literal).collect();
            literals.is_none_or(|literals| {
                literals.is_empty()
                    || literals.iter().any(|each| condition.accepts(&self.spelled(*each)))
            })
        })
    }

    /// Whether what calls hand over may decide if a call is a dispatch.
    pub(in crate::project) fn is_conditional(&self, dispatch: &Dispatch) -> bool {
        self.conditional_arguments(dispatch).next().is_some()
    }

    /// The conditions of the API's entry whose argument the call gives, and is more than a literal.
    fn conditional_arguments<'d>(
        &'d self,
        dispatch: &'d Dispatch,
    ) -> impl Iterator<Item = (&'d Condition, Site)> {
        dispatch.api(self.project).when.iter().filter_map(|condition| {
            let argument = self.conditioned(dispatch, condition)?;
            let kind = self.file(argument.file).tree().kind(argument.node);
            matches!(kind, Kind::Identifier | Kind::Attribute).then_some((condition, argument))
        })
    }

    /// The argument that a condition speaks of.
    fn conditioned(&self, dispatch: &Dispatch, condition: &Condition) -> Option<Site> {
        let pos = if condition.pos < 0 { -1 } else { condition.pos + dispatch.shift };
        self.argument(dispatch.call, &condition.name, pos)
    }

    /// A literal as conditions spell it.
    fn spelled(&self, literal: Site) -> String {
        match self.string_literal(literal) {
            Some(text) => format!("'{text}'"),
            None => self.file(literal.file).text(literal.node).to_owned(),
        }
    }

    /// Whether `workers` is the method of a pool of threads.
    fn maps_in_threads(&self, dispatch: &Dispatch) -> bool {
        let of_threads = |value: &Value| matches!(value, Value::Method { receiver: Type::External { path, .. }, .. } if path.contains(".dummy.") || path.contains("Thread"));
        self.keyword_argument(dispatch.call, "workers")
            .is_some_and(|workers| self.values(workers).iter().any(of_threads))
    }

    fn condition_holds(&self, dispatch: &Dispatch, condition: &Condition) -> bool {
        if let Some(argument) = self.conditioned(dispatch, condition) {
            return self.argument_fits(argument, condition);
        }
        let set = self.set_beforehand(dispatch, &condition.name);
        if !set.is_empty() {
            return set.iter().any(|set| match set {
                Set::Argument(argument) => self.argument_fits(*argument, condition),
                Set::Implied(literal) => condition.accepts(literal),
            });
        }
        // What is unpacked may hold anything, but hardly just the one value that is asked for.
        !condition.required
            || condition.only.is_empty() && self.may_unpack(dispatch.call, condition)
    }

    /// Whether an argument may be what a condition asks for.
    fn argument_fits(&self, argument: Site, condition: &Condition) -> bool {
        // A name that stands for literals only is as good as they are.
        let values = self.values(argument);
        let literals: Vec<Site> = values
            .iter()
            .filter_map(|value| if let Value::Literal(site) = value { Some(*site) } else { None })
            .collect();
        let all_known = literals.len() == values.len()
            && !self.is_parameter(argument)
            && !self.is_option_of_others(argument);
        let meant = if !literals.is_empty() && (all_known || !condition.only.is_empty()) {
            literals
        } else {
            vec![argument]
        };
        meant.into_iter().any(|meant| condition.accepts(&self.spelled(meant)))
    }

    /// Whether an attribute keeps a parameter of a class whose objects only tests and examples make: its users choose.
    fn is_option_of_others(&self, argument: Site) -> bool {
        let tree = self.file(argument.file).tree();
        let (Some(object), Some(name)) =
            (tree.child(argument.node, Field::Object), tree.child(argument.node, Field::Attribute))
        else {
            return false;
        };
        let Some(class) = self.self_class(Site { file: argument.file, node: object }) else {
            return false;
        };
        let kept = self.attribute_writes(class, self.file(argument.file).text(name));
        kept.iter().any(|write| write.value.is_some_and(|value| self.is_parameter(value)))
            && self.constructor_calls(class).iter().all(|call| self.is_trial(*call))
    }

    /// Whether a call unpacks something that may make a condition hold: a dictionary whose keys are all known does not,
    /// if the argument is not among them, or has one of the values that speak against it.
    fn may_unpack(&self, call: Site, condition: &Condition) -> bool {
        let tree = self.file(call.file).tree();
        let excepted = |value: Option<&str>| {
            value.is_some_and(|value| condition.unless.iter().any(|text| text == value))
        };
        let harmless = |key: &str, value: Option<&str>| key != condition.name || excepted(value);
        let arguments = tree
            .child(call.node, Field::Arguments)
            .into_iter()
            .flat_map(|list| tree.children(list));
        let mut splats = arguments
            .filter(|node| matches!(tree.kind(*node), Kind::ListSplat | Kind::DictionarySplat));
        splats.any(|splat| {
            let Some(unpacked) = tree.children(splat).next() else { return true };
            tree.kind(splat) == Kind::ListSplat
                || !self.has_only(Site { file: call.file, node: unpacked }, &harmless, MAX_STEPS)
        })
    }

    /// Whether an expression is a dictionary whose keys are known, and `key` is none of them.
    pub(in crate::project) fn lacks_key(&self, expression: Site, key: &str) -> bool {
        self.has_only(expression, &|own, _| own != key, MAX_STEPS)
    }

    /// Whether an expression is a dictionary, displayed or made by `dict(…)`, all of whose entries (key, and value if
    /// there is one) are `harmless`. What is stored in it later is not looked at.
    fn has_only(
        &self,
        expression: Site,
        harmless: &dyn Fn(&str, Option<&str>) -> bool,
        steps: u32,
    ) -> bool {
        let facts = self.file(expression.file);
        let tree = facts.tree();
        let at = |node| Site { file: expression.file, node };
        let is_harmless = |node: NodeId| {
            let key = match tree.kind(node) {
                Kind::Pair => {
                    tree.child(node, Field::Key).and_then(|own| self.string_literal(at(own)))
                }
                Kind::KeywordArgument => tree.child(node, Field::Name).map(|own| facts.text(own)),
                _ => None,
            };
            key.is_some_and(|key| {
                harmless(key, tree.child(node, Field::Value).map(|value| facts.text(value)))
            })
        };
        match tree.kind(expression.node) {
            Kind::Dictionary => tree.children(expression.node).all(is_harmless),
            Kind::Call => {
                let is_dict = tree
                    .child(expression.node, Field::Function)
                    .is_some_and(|callee| facts.text(callee) == "dict");
                is_dict
                    && tree
                        .child(expression.node, Field::Arguments)
                        .is_some_and(|list| tree.children(list).all(is_harmless))
            }
            Kind::Identifier if steps > 0 => {
                let Some((scope, name)) = facts.scopes.resolve_name(expression.node) else {
                    return false;
                };
                let bindings = reaching::bindings(facts, scope, name, expression.node);
                let lacks = |binding: &&Binding| match &binding.kind {
                    BindingKind::Assignment { value: Some(value), path, .. } => {
                        path.is_empty() && self.has_only(at(*value), harmless, steps - 1)
                    }
                    _ => false,
                };
                !bindings.is_empty() && bindings.iter().all(lacks)
            }
            _ => false,
        }
    }
}
