//! Whether code can run for given callers: the tests on the way, with three values, and what they say of a name behind them.

use super::constants::Constant;
use super::source::{CallString, Frame, Source};
use super::{Solver, beside, engine};
use crate::catalogue::flows::ContainerKind;
use crate::facts::dataflow::{GuardId, Test};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};

/// How many methods of one object that call each other are followed.
const MOST_METHODS: u32 = 4;
/// Methods of names that are read more often are taken to run on every object.
const MANY_READS: usize = 40;

impl Solver<'_> {
    /// Whether a place may be reached when its frame is entered by these callers: each call must be reached, and run the
    /// function in which the next one stands.
    pub fn is_reached(&self, place: Site, callers: &CallString) -> bool {
        self.with_budget(|| self.may_be_reached(place, callers)).0
    }

    /// Whether tests stand before a place in its frame.
    pub fn is_guarded(&self, place: Site) -> bool {
        self.graph(place.file).guards.at(self.tree(place.file), place.node) != GuardId::ALWAYS
    }

    pub(super) fn may_be_reached(&self, place: Site, callers: &CallString) -> bool {
        let mut outer = CallString::UNKNOWN;
        let frames = callers.frames();
        for (index, frame) in frames.iter().enumerate() {
            let next = match frames.get(index + 1) {
                Some(Frame::Call(next)) => Some(*next),
                Some(_) => None,
                None => Some(place),
            };
            if let Frame::Call(call) = frame {
                let function = next.and_then(|next| self.function_around(next));
                let runs =
                    function.is_none_or(|function| !self.runs(*call, function, &outer).is_empty());
                if !runs || !self.may_run(*call, &outer) {
                    return false;
                }
            }
            if let Frame::This(object) = frame
                && let Some(function) = next.and_then(|next| self.function_around(next))
                && !self.is_run_on(function, object, MOST_METHODS)
            {
                return false;
            }
            outer = outer.entered(frame.clone());
        }
        if let Some((Frame::Within(around), _)) = callers.split()
            && let Some(function) = self.function_around(place)
            && !self.may_be_reached(function, around)
        {
            return false;
        }
        self.may_run(place, callers)
    }

    /// Whether a method is read from an object anywhere: where it is only read from others, it does not run on this one.
    pub(super) fn is_run_on(&self, method: Site, object: &Source, depth: u32) -> bool {
        let name = self.file(method.file).definition_name(method.node);
        let reads = self.project.attributes_named(name);
        let is_special = name.starts_with("__") && name.ends_with("__");
        if depth == 0 || is_special || reads.is_empty() || reads.len() > MANY_READS {
            return true;
        }
        let is_inherited = |class: Site| {
            self.lineage(class).iter().any(|each| match each {
                Source::External { path, .. } => !path.starts_with("builtins."),
                Source::Class(_) => false,
                _ => true,
            })
        };
        if matches!(object, Source::Instance { class, .. } if is_inherited(*class)) {
            return true;
        }
        let mut is_read = false;
        for read in reads {
            let Some(owner) = self.tree(read.file).child(read.node, Field::Object) else {
                continue;
            };
            for each in self.find(beside(*read, owner), &CallString::UNKNOWN).iter() {
                is_read = true;
                if each.source.is_unknown() {
                    return true;
                }
                if !super::members::is_same(&each.source, object) {
                    continue;
                }
                // Another method of the same object reads it: that one must run, too.
                let by_method = matches!(each.callers.frames(), [Frame::This(_)]);
                let around = self.function_around(*read).filter(|_| by_method);
                if around.is_none_or(|around| {
                    around == method || self.is_run_on(around, object, depth - 1)
                }) {
                    return true;
                }
            }
        }
        !is_read
    }

    /// The function whose frame evaluates a node.
    pub(super) fn function_around(&self, site: Site) -> Option<Site> {
        let node = self.file(site.file).scopes.get(self.frame_of(site)).node;
        let is_function =
            matches!(self.tree(site.file).kind(node), Kind::FunctionDefinition | Kind::Lambda);
        is_function.then(|| beside(site, node))
    }

    /// Whether a place may be reached in a frame that was entered like that.
    pub(super) fn may_run(&self, place: Site, context: &CallString) -> bool {
        let graph = self.graph(place.file);
        let guard = graph.guards.at(self.tree(place.file), place.node);
        if guard == GuardId::ALWAYS {
            return true;
        }
        graph.guards.tests(guard).all(|test| match test {
            Test::Holds(node) => self.truth(beside(place, node), context) != Some(false),
            Test::Fails(node) => self.truth(beside(place, node), context) != Some(true),
            Test::Matches(case) => self.is_chosen(beside(place, case), context) != Some(false),
            Test::Misses(case) => self.is_chosen(beside(place, case), context) != Some(true),
        })
    }

    /// Whether two places of one frame stand under opposite outcomes of one test.
    pub(super) fn exclude_each_other(&self, one: Site, other: Site) -> bool {
        let graph = self.graph(one.file);
        let tree = self.tree(one.file);
        let (first, second) = (graph.guards.at(tree, one.node), graph.guards.at(tree, other.node));
        if first == second || first == GuardId::ALWAYS || second == GuardId::ALWAYS {
            return false;
        }
        let tests = |guard| {
            graph.guards.tests(guard).filter_map(|test| match test {
                Test::Holds(node) => Some(self.without_not(beside(one, node), true)),
                Test::Fails(node) => Some(self.without_not(beside(one, node), false)),
                _ => None,
            })
        };
        tests(first).any(|(node, holds)| {
            tests(second).any(|(also, holds_too)| {
                holds != holds_too && node != also && self.is_same_test(node, also)
            })
        })
    }

    pub(super) fn without_not(&self, test: Site, holds: bool) -> (Site, bool) {
        let tree = self.tree(test.file);
        let (mut node, mut holds) = (tree.unparenthesized(test.node), holds);
        while tree.kind(node) == Kind::NotOperator
            && let Some(inner) = tree.child(node, Field::Argument)
        {
            node = tree.unparenthesized(inner);
            holds = !holds;
        }
        (beside(test, node), holds)
    }

    /// Whether two tests read alike, and their names mean the same definitions.
    pub(super) fn is_same_test(&self, one: Site, other: Site) -> bool {
        let tree = self.tree(one.file);
        if self.text(one) != self.text(other) {
            return false;
        }
        let definitions = &self.graph(one.file).definitions;
        let names = |site: Site| {
            tree.subtree(site.node).filter(|node| tree.kind(*node) == Kind::Identifier)
        };
        let has_call = tree.subtree(one.node).any(|node| tree.kind(node) == Kind::Call);
        !has_call
            && names(one)
                .zip(names(other))
                .all(|(here, there)| definitions.reaching(here).eq(definitions.reaching(there)))
    }

    /// The outcome of a test, where it is known.
    pub(super) fn truth(&self, test: Site, context: &CallString) -> Option<bool> {
        // Tests nest as deep as people (and generators) write them.
        engine::with_stack(|| self.outcome(test, context))
    }

    fn outcome(&self, test: Site, context: &CallString) -> Option<bool> {
        let tree = self.tree(test.file);
        // What objects hold differs from caller to caller: where none is known, it decides nothing.
        if context.is_unknown() && self.speaks_of_a_part(test) {
            return None;
        }
        let node = tree.unparenthesized(test.node);
        let at = |node: NodeId| beside(test, node);
        match tree.kind(node) {
            Kind::True => Some(true),
            Kind::False | Kind::None => Some(false),
            Kind::NotOperator => {
                let inner = tree.child(node, Field::Argument)?;
                self.truth(at(inner), context).map(|truth| !truth)
            }
            Kind::BooleanOperator => {
                let left = self.truth(at(tree.child(node, Field::Left)?), context);
                let right = self.truth(at(tree.child(node, Field::Right)?), context);
                let is_and = tree.child_of_kind(node, Kind::AndKeyword).is_some();
                match (is_and, left, right) {
                    (true, Some(false), _) | (true, _, Some(false)) => Some(false),
                    (true, Some(true), Some(true)) => Some(true),
                    (false, Some(true), _) | (false, _, Some(true)) => Some(true),
                    (false, Some(false), Some(false)) => Some(false),
                    _ => None,
                }
            }
            Kind::ComparisonOperator => self.comparison(at(node), context),
            Kind::Call => self.call_truth(at(node), context),
            Kind::NamedExpression => {
                let value = tree.child(node, Field::Value)?;
                self.truth(at(value), context)
            }
            Kind::Identifier if self.text(at(node)) == "TYPE_CHECKING" => Some(false),
            Kind::Attribute if self.text(at(node)) == "typing.TYPE_CHECKING" => Some(false),
            Kind::Identifier | Kind::Attribute | Kind::Subscript | Kind::Integer | Kind::String => {
                if let Some(value) = self.assigned_test(at(node)) {
                    return self.truth(value, context);
                }
                let found = self.find(at(node), context);
                let mut truths = found.iter().map(|each| self.truth_of(&each.source));
                let first = truths.next()??;
                truths.all(|truth| truth == Some(first)).then_some(first)
            }
            _ => None,
        }
    }

    /// Whether a test asks what something that a variable of a function holds has in it.
    fn speaks_of_a_part(&self, test: Site) -> bool {
        let facts = self.file(test.file);
        let tree = facts.tree();
        let is_part = |node: &NodeId| matches!(tree.kind(*node), Kind::Attribute | Kind::Subscript);
        let is_local = |node: NodeId| {
            let mut names = tree.subtree(node);
            let root = names.find(|inner| tree.kind(*inner) == Kind::Identifier);
            let home = root.and_then(|root| facts.scopes.resolve_name(root)).map(|row| row.0);
            home.is_some_and(|home| facts.scopes.get(home).kind.is_function_like())
        };
        tree.subtree(test.node).filter(is_part).any(is_local)
    }

    /// Whether something is `None`; functions of libraries may give that, classes do not.
    pub(super) fn says_none(&self, source: &Source) -> Option<bool> {
        match source {
            Source::Made { path, .. } if !self.is_known(path) => None,
            source if source.is_unknown() => None,
            source => Some(self.is_none(source)),
        }
    }

    /// The test whose outcome a name holds: `parallel = n_jobs > 1`.
    pub(super) fn assigned_test(&self, name: Site) -> Option<Site> {
        let tree = self.tree(name.file);
        let mut edges = self.graph(name.file).edges_to(name.node).iter();
        let definition = edges.next().filter(|edge| edge.steps.is_empty())?;
        if edges.next().is_some() || tree.kind(name.node) != Kind::Identifier {
            return None;
        }
        if self.frame_of(beside(name, definition.from)) != self.frame_of(name) {
            return None;
        }
        let mut values = self.graph(name.file).edges_to(definition.from).iter();
        let value = values.next().filter(|edge| edge.steps.is_empty())?;
        let node = tree.unparenthesized(value.from);
        let is_test = matches!(tree.kind(node), Kind::ComparisonOperator | Kind::NotOperator);
        // `seen = not seen` in a loop holds what it held before.
        let is_earlier = node < name.node;
        (values.next().is_none() && is_test && is_earlier).then(|| beside(name, node))
    }

    pub(super) fn truth_of(&self, source: &Source) -> Option<bool> {
        match source {
            Source::Literal(site) => self.constant(*site)?.truth(),
            Source::Function(_)
            | Source::Lambda(_)
            | Source::Class(_)
            | Source::Module(_)
            | Source::Partial(_)
            | Source::Method { .. }
            | Source::Generator { .. }
            | Source::Coroutine { .. } => Some(true),
            Source::Instance { class, .. } => {
                let falsy = ["__bool__", "__len__"]
                    .iter()
                    .any(|name| !self.methods_named(*class, name).is_empty());
                (!falsy).then_some(true)
            }
            Source::Made { path, .. } if self.is_known(path) => Some(true),
            // A class or function.
            Source::External { path, .. } if self.is_class_path(path) => Some(true),
            _ => None,
        }
    }

    pub(super) fn call_truth(&self, call: Site, context: &CallString) -> Option<bool> {
        let callee = self.callee(call)?;
        let name = self.text(callee);
        let arguments = self.arguments(call);
        match (name, arguments.as_slice()) {
            ("isinstance", [value, classes]) => {
                let found = self.find(beside(call, value.node), context);
                let classes = self.classes(beside(call, classes.node), context);
                let mut all = found.iter().map(|each| self.is_instance(&each.source, &classes));
                let first = all.next()??;
                all.all(|each| each == Some(first)).then_some(first)
            }
            ("callable", [value]) => {
                let found = self.find(beside(call, value.node), context);
                let mut all = found.iter().map(|each| self.is_callable(&each.source));
                let first = all.next()??;
                all.all(|each| each == Some(first)).then_some(first)
            }
            ("bool", [value]) => self.truth(beside(call, value.node), context),
            _ => None,
        }
    }

    pub(super) fn is_callable(&self, source: &Source) -> Option<bool> {
        match source {
            Source::Function(_)
            | Source::Lambda(_)
            | Source::Class(_)
            | Source::Partial(_)
            | Source::Method { .. } => Some(true),
            Source::Literal(_) | Source::Container { .. } | Source::Slice { .. } => Some(false),
            Source::Instance { class, .. } => {
                let called = !self.methods_named(*class, "__call__").is_empty();
                called.then_some(true)
            }
            _ => None,
        }
    }

    /// The classes that the second argument of `isinstance` names.
    pub(super) fn classes(&self, expression: Site, context: &CallString) -> Vec<Source> {
        let found = self.find(expression, context);
        let mut out = Vec::new();
        for each in found.iter() {
            match &each.source {
                Source::Container { .. } => {
                    out.extend(
                        self.elements(&each.source, expression).into_iter().map(|each| each.source),
                    );
                }
                other => out.push(other.clone()),
            }
        }
        out
    }

    /// Whether something is an instance of one of some classes.
    pub(super) fn is_instance(&self, source: &Source, classes: &[Source]) -> Option<bool> {
        let mut sure = !classes.is_empty();
        for class in classes {
            match self.is_instance_of(source, class) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => sure = false,
            }
        }
        sure.then_some(false)
    }

    pub(super) fn is_instance_of(&self, source: &Source, class: &Source) -> Option<bool> {
        let builtin = match class {
            Source::External { path, .. } => path.strip_prefix("builtins."),
            _ => None,
        };
        if builtin == Some("object") {
            return Some(true);
        }
        match source {
            Source::Literal(site) => match (self.tree(site.file).kind(site.node), builtin) {
                (_, None) => match class {
                    Source::Class(_) => Some(false),
                    _ => None,
                },
                (Kind::String | Kind::ConcatenatedString, Some(name)) => {
                    let is_bytes = self.text(*site).to_ascii_lowercase().starts_with(['b']);
                    Some(if is_bytes { name == "bytes" } else { name == "str" })
                }
                (Kind::Integer, Some(name)) => Some(name == "int"),
                (Kind::Float, Some(name)) => Some(name == "float"),
                (Kind::True | Kind::False, Some(name)) => Some(matches!(name, "bool" | "int")),
                (Kind::None, Some(_)) => Some(false),
                _ => None,
            },
            Source::Instance { class: own, .. } => {
                let lineage = self.lineage(*own);
                if lineage.contains(class) {
                    return Some(true);
                }
                let strange = lineage.iter().any(|each| match each {
                    Source::External { path, .. } => &**path != "builtins.object",
                    _ => false,
                });
                match class {
                    Source::Class(_) => Some(false),
                    // Other classes may count what only has their methods among their instances: `Iterable`.
                    Source::External { path, .. } if builtin.is_some() || self.is_known(path) => {
                        (!strange).then_some(false)
                    }
                    _ => None,
                }
            }
            Source::Made { path, .. } => match class {
                Source::External { path: wanted, .. } if wanted == path => Some(true),
                Source::Class(_) => Some(false),
                _ if builtin.is_some() => Some(false),
                Source::External { path: wanted, .. } => {
                    let known = self.is_known(path) && self.is_known(wanted);
                    known.then_some(false)
                }
                _ => None,
            },
            Source::Function(_)
            | Source::Lambda(_)
            | Source::Partial(_)
            | Source::Method { .. } => {
                (builtin.is_some() || matches!(class, Source::Class(_))).then_some(false)
            }
            Source::Container { .. } | Source::Slice { .. } => {
                let wanted = match builtin? {
                    "list" | "tuple" => ContainerKind::List,
                    "dict" => ContainerKind::Dict,
                    "set" | "frozenset" => ContainerKind::Set,
                    _ => return Some(false),
                };
                (self.container_kind(source)? != wanted).then_some(false)
            }
            _ => None,
        }
    }

    pub(super) fn comparison(&self, test: Site, context: &CallString) -> Option<bool> {
        let tree = self.tree(test.file);
        let parts: Vec<NodeId> = tree.children(test.node).collect();
        let [left, right] = parts[..] else { return None };
        let has = |kind: Kind| tree.child_of_kind(test.node, kind).is_some();
        let (left, right) = (beside(test, left), beside(test, right));
        if has(Kind::NotIn) || has(Kind::InKeyword) {
            let inside = self.is_among(left, right, context)?;
            return Some(inside != has(Kind::NotIn));
        }
        if has(Kind::EqualEqual) || has(Kind::IsKeyword) || has(Kind::NotEqual) || has(Kind::IsNot)
        {
            let equal = self.are_equal(left, right, context)?;
            return Some(equal != (has(Kind::NotEqual) || has(Kind::IsNot)));
        }
        let (left, right) = (self.constants(left, context)?, self.constants(right, context)?);
        let holds = |left: &Constant, right: &Constant| {
            let (Constant::Number(left), Constant::Number(right)) = (left, right) else {
                return None;
            };
            [
                (Kind::LessEqual, left <= right),
                (Kind::GreaterEqual, left >= right),
                (Kind::Less, left < right),
                (Kind::Greater, left > right),
            ]
            .iter()
            .find(|row| has(row.0))
            .map(|row| row.1)
        };
        let mut all =
            left.iter().flat_map(|left| right.iter().map(move |right| holds(left, right)));
        let first = all.next()??;
        all.all(|each| each == Some(first)).then_some(first)
    }

    pub(super) fn are_equal(&self, left: Site, right: Site, context: &CallString) -> Option<bool> {
        let tree = self.tree(left.file);
        if tree.kind(tree.unparenthesized(right.node)) == Kind::None {
            let found = self.find(left, context);
            let mut all = found.iter().map(|each| self.says_none(&each.source));
            let first = all.next()??;
            return all.all(|each| each == Some(first)).then_some(first);
        }
        let (left, right) = (self.constants(left, context)?, self.constants(right, context)?);
        match (left.as_slice(), right.as_slice()) {
            ([one], [other]) => Some(one == other),
            _ => left.iter().all(|each| !right.contains(each)).then_some(false),
        }
    }

    pub(super) fn is_among(&self, left: Site, right: Site, context: &CallString) -> Option<bool> {
        let tree = self.tree(right.file);
        let display = tree.unparenthesized(right.node);
        if !matches!(tree.kind(display), Kind::Tuple | Kind::List | Kind::Set) {
            return None;
        }
        let left = self.constants(left, context)?;
        let mut items = Vec::new();
        for item in tree.children(display) {
            items.extend(self.constants(beside(right, item), context)?);
        }
        let mut all = left.iter().map(|each| items.contains(each));
        let first = all.next()?;
        all.all(|each| each == first).then_some(first)
    }

    /// Whether a `case` is chosen, where that is known.
    pub(super) fn is_chosen(&self, case: Site, context: &CallString) -> Option<bool> {
        let tree = self.tree(case.file);
        let statement = tree.enclosing(case.node, &[Kind::MatchStatement])?;
        let subject = tree.child(statement, Field::Subject)?;
        if tree.child(case.node, Field::Guard).is_some() {
            return None;
        }
        let body = tree.child(case.node, Field::Consequence);
        let mut patterns = tree.children(case.node).filter(|part| Some(*part) != body);
        let pattern = patterns.next()?;
        let inner = tree.children(pattern).next();
        let literal = inner.filter(|inner| {
            matches!(
                tree.kind(*inner),
                Kind::String | Kind::Integer | Kind::True | Kind::False | Kind::None
            )
        })?;
        let wanted = self.constant(beside(case, literal))?;
        let subject = self.constants(beside(case, subject), context)?;
        if subject.iter().all(|each| *each != wanted) {
            return Some(false);
        }
        (subject.len() == 1).then_some(true)
    }
}
