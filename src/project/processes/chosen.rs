//! Which executor one way of calls chooses: `parallel(lambda: 1, kind="thread")` does not meet the processes that `parallel`
//! starts for other kinds.

use crate::facts::scopes::{Binding, BindingKind};
use crate::project::processes::dead_paths::{Constant, Frame, MAX_EFFORT, MAX_STEPS, Path};
use crate::project::values::reaching;
use crate::project::{Dispatch, Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, Tree};
use std::cell::Cell;

impl Eval<'_> {
    /// Whether the calls that hand something over choose another executor than the dispatch's, or run other methods than those
    /// on the way. `way` are the hand-overs, the outermost first, the dispatch's own last.
    pub(in crate::project) fn chooses_another_executor(
        &self,
        dispatch: &Dispatch,
        way: &[Site],
    ) -> bool {
        self.frames_of(way).is_some_and(|frames| self.is_not_taken(dispatch, &frames))
    }

    /// Whether one way of calls, the outermost first, to the process starts of `start` chooses other executors than theirs, or
    /// runs other methods.
    pub(in crate::project) fn starts_nothing_there(
        &self,
        starts: &[Dispatch],
        way: &[Site],
    ) -> bool {
        let mut frames: Vec<Frame> =
            way.windows(2).map(|step| self.frame_from(step[0], step[1])).rev().collect();
        let Some(outermost) = way.first().map(|call| self.function_or_module(*call)) else {
            return false;
        };
        frames.push(Frame { call: outermost, function: outermost, places: [way[0], way[0]] });
        !starts.is_empty() && starts.iter().all(|dispatch| self.is_not_taken(dispatch, &frames))
    }

    fn is_not_taken(&self, dispatch: &Dispatch, frames: &[Frame]) -> bool {
        let tree = self.file(dispatch.call.file).tree();
        let class = || {
            tree.child(dispatch.call.node, Field::Function)
                .filter(|callee| tree.kind(*callee) != Kind::Attribute)
        };
        let Some(chosen) = dispatch
            .receiver
            .or_else(|| class().map(|node| Site { file: dispatch.call.file, node }))
        else {
            return false;
        };
        let effort = Cell::new(MAX_EFFORT);
        let path = |level| Path { eval: self, frames, level, steps: MAX_STEPS, effort: &effort };
        if (0..frames.len()).any(|level| path(level).runs_something_else()) {
            return true;
        }
        let values = path(0).may_be(chosen);
        values.is_some_and(|values| {
            !values.is_empty() && values.iter().all(|value| self.is_no_executor_of(dispatch, value))
        })
    }

    fn frame_from(&self, call: Site, place: Site) -> Frame {
        Frame { call, function: self.function_or_module(place), places: [place, place] }
    }

    /// The functions of the way and the calls that run them, the innermost first; what calls the outermost is not known.
    fn frames_of(&self, way: &[Site]) -> Option<Vec<Frame>> {
        let mut frames = Vec::new();
        for step in way.windows(2).rev() {
            let [given, place] = step else { continue };
            let tree = self.file(given.file).tree();
            let call = tree
                .enclosing(given.node, &[Kind::ArgumentList])
                .and_then(|list| tree.parent(list));
            frames.push(self.frame_from(Site { file: given.file, node: call? }, *place));
        }
        let outermost = self.function_or_module(*way.first()?);
        frames.push(Frame { call: outermost, function: outermost, places: [way[0], way[0]] });
        Some(frames)
    }

    /// The function around a place, else the module.
    fn function_or_module(&self, place: Site) -> Site {
        let facts = self.file(place.file);
        Site { file: place.file, node: facts.enclosing_function(place.node).unwrap_or(Tree::ROOT) }
    }

    /// Whether a value is known to be no executor, and no process class, of the dispatch's kind.
    fn is_no_executor_of(&self, dispatch: &Dispatch, value: &Value) -> bool {
        let catalogue = &self.project.catalogue;
        let around = |receiver: Site| {
            self.file(receiver.file).tree().parent(receiver.node).map(|up| (receiver.file, up))
        };
        let Some((file, up)) =
            dispatch.receiver.map_or(Some((dispatch.call.file, dispatch.call.node)), around)
        else {
            return false;
        };
        let tree = self.file(file).tree();
        let method = tree
            .child(up, Field::Attribute)
            .filter(|_| tree.kind(up) == Kind::Attribute)
            .map(|name| self.file(file).text(name));
        match (value, method) {
            (Value::Instance(Type::External { path, .. }), Some(method)) => {
                catalogue.by_path(path).and_then(|class| catalogue.method(class, method))
                    != Some(dispatch.entry)
            }
            // `loop.run_in_executor(executor, …)`
            (Value::Instance(Type::External { .. }), None)
                if tree.kind(up) == Kind::ArgumentList =>
            {
                self.process_executor(value).is_none()
            }
            // `worker_class(target=…)`
            (Value::External { path, .. }, None) if dispatch.receiver.is_none() => {
                !catalogue.get(dispatch.entry).paths.iter().any(|own| own.as_str() == &**path)
            }
            _ => false,
        }
    }
}

impl Path<'_, '_> {
    /// Whether the frame's call is known to run another function: a method of an object of another class.
    fn runs_something_else(&self) -> bool {
        let Some(outer) = self.outer() else { return false };
        let frame = self.frames[self.level];
        let tree = self.eval.file(frame.call.file).tree();
        let Some(callee) = tree
            .child(frame.call.node, Field::Function)
            .filter(|callee| tree.kind(*callee) == Kind::Attribute)
        else {
            return false;
        };
        let (Some(object), Some(name)) =
            (tree.child(callee, Field::Object), tree.child(callee, Field::Attribute))
        else {
            return false;
        };
        let name = self.eval.file(frame.call.file).text(name);
        let differs = |value: &Value| match value {
            Value::Instance(Type::Class(class)) => {
                self.eval.method(*class, name).is_some_and(|(_, method)| method != frame.function)
            }
            _ => false,
        };
        let is_method = self.eval.class_around(frame.function).is_some()
            && self.eval.file(frame.function.file).definition_name(frame.function.node) == name;
        is_method
            && outer
                .may_be(Site { file: frame.call.file, node: object })
                .is_some_and(|values| !values.is_empty() && values.iter().all(differs))
    }

    /// The view from the function that has the frame's call.
    fn outer(&self) -> Option<Self> {
        let call = self.frames[self.level].call;
        let outer = Self { level: self.level + 1, ..*self };
        let around = self.frames.get(outer.level)?.function;
        (around.file == call.file
            && self.eval.file(call.file).tree().contains(around.node, call.node))
        .then_some(outer)
    }

    /// All that an expression in the frame's function may be on this way; `None` if that is not known.
    fn may_be(&self, expression: Site) -> Option<Vec<Value>> {
        let inner = self.followed()?;
        let tree = self.eval.file(expression.file).tree();
        let at = |node| Site { file: expression.file, node };
        let children = || tree.children(expression.node).map(at).collect::<Vec<_>>();
        match tree.kind(expression.node) {
            Kind::ParenthesizedExpression => {
                inner.may_be(at(tree.unparenthesized(expression.node)))
            }
            Kind::Identifier => inner.name_may_be(expression),
            Kind::Attribute => inner.attribute_may_be(expression),
            Kind::Call => inner.call_may_give(expression),
            Kind::Subscript => self
                .eval
                .file(expression.file)
                .tree()
                .child(expression.node, Field::Value)
                .and_then(|table| inner.entry_may_be(expression, at(table))),
            Kind::ConditionalExpression => {
                let [then, test, otherwise] = children()[..] else { return None };
                match inner.truth(test.node) {
                    Some(truth) => inner.may_be(if truth { then } else { otherwise }),
                    None => Some([inner.may_be(then)?, inner.may_be(otherwise)?].concat()),
                }
            }
            // `backend or Threads()`
            Kind::BooleanOperator
                if tree.child_of_kind(expression.node, Kind::OrKeyword).is_some() =>
            {
                let [left, right] = children()[..] else { return None };
                match inner.constant(left.node) {
                    Some(constant) => (!constant.is_true()).then(|| inner.may_be(right))?,
                    None => inner.may_be(left),
                }
            }
            _ => None,
        }
    }

    fn name_may_be(&self, name: Site) -> Option<Vec<Value>> {
        let facts = self.eval.file(name.file);
        let (home, text) = facts.scopes.resolve_name(name.node)?;
        let function = self.frames[self.level].function;
        let mut found = Vec::new();
        for binding in reaching::bindings(facts, home, text, name.node) {
            let place = Site { file: name.file, node: binding.node };
            let here = self.eval.function_or_module(place) == function;
            if here && self.never_reaches(place) {
                continue;
            }
            found.extend(self.binding_may_be(name, binding, here)?);
        }
        Some(found)
    }

    fn binding_may_be(&self, name: Site, binding: &Binding, here: bool) -> Option<Vec<Value>> {
        let at = |node| Site { file: name.file, node };
        match &binding.kind {
            BindingKind::Import { .. } | BindingKind::ClassDef(_) | BindingKind::FunctionDef(_) => {
                known(&self.eval.binding_values(name.file, binding))
            }
            BindingKind::Parameter { default, star: 0, .. } if here => {
                let call = self.frames[self.level].call;
                match self.eval.argument_in(call, name.file, binding) {
                    Some(Some(given)) => self.outer()?.may_be(given),
                    Some(None) => known(&self.eval.values(at((*default)?))),
                    None => known(&self.eval.values(
                        self.bound_by_partial(call, self.eval.file(name.file).text(binding.node))?,
                    )),
                }
            }
            BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() && here => {
                self.may_be(at(*value))
            }
            BindingKind::With { value, path, .. } if path.is_empty() && here => {
                self.may_be(at(*value)).map(|values| self.eval.entered(&values))
            }
            _ => None,
        }
    }

    /// What the `partial` that a call runs has bound to a parameter by its name.
    fn bound_by_partial(&self, call: Site, parameter: &str) -> Option<Site> {
        let callee = Site {
            file: call.file,
            node: self.eval.file(call.file).tree().child(call.node, Field::Function)?,
        };
        let [Value::Partial(partial)] = *self.eval.values(callee) else { return None };
        self.eval.keyword_argument(partial, parameter)
    }

    /// `futures.ThreadPoolExecutor`, or what the constructor stores: `self.executor_class`.
    fn attribute_may_be(&self, attribute: Site) -> Option<Vec<Value>> {
        let eval = self.eval;
        let facts = eval.file(attribute.file);
        let object =
            Site { file: attribute.file, node: facts.tree().child(attribute.node, Field::Object)? };
        let Some(class) = eval.self_class(object) else { return known(&eval.values(attribute)) };
        let name = facts.text(facts.tree().child(attribute.node, Field::Attribute)?);
        let [write] = self.all_writes(class, name)?[..] else { return None };
        let value = write.value?;
        let home = eval.file(value.file);
        let init = Site { file: value.file, node: home.enclosing_function(value.node)? };
        let always = home.tree().parent(home.statement(value.node))
            == home.tree().child(init.node, Field::Body);
        if !always || home.definition_name(init.node) != "__init__" {
            return None;
        }
        let call = self.constructor()?;
        let frames = self.with_call(call, init);
        Path { frames: &frames, level: 0, ..*self }.may_be(value)
    }

    fn call_may_give(&self, call: Site) -> Option<Vec<Value>> {
        let callee = Site {
            file: call.file,
            node: self.eval.file(call.file).tree().child(call.node, Field::Function)?,
        };
        let mut found = Vec::new();
        for value in self.may_be(callee)? {
            match value {
                Value::External { path, start } => {
                    let makes_object = crate::catalogue::last_part(&path)
                        .starts_with(char::is_uppercase)
                        || self.eval.project.catalogue.by_path(&path).is_some();
                    found.push(makes_object.then_some(Value::Instance(Type::External {
                        path,
                        start,
                        made: Some(call),
                    }))?);
                }
                Value::Class(class) => found.push(Value::Instance(Type::Class(class))),
                Value::Function(function)
                    if !self.eval.file(function.file).is_generator(function.node) =>
                {
                    found.extend(self.returned(call, function)?);
                }
                _ => return None,
            }
        }
        Some(found)
    }

    /// What one call of a function returns.
    fn returned(&self, call: Site, function: Site) -> Option<Vec<Value>> {
        let frames = self.with_call(call, function);
        let inside = Path { frames: &frames, level: 0, ..*self };
        let mut found = Vec::new();
        for given in
            self.eval.returns(function).into_iter().filter(|given| !inside.never_reaches(*given))
        {
            found.extend(inside.may_be(given)?);
        }
        Some(found)
    }

    /// The way, with one more call of the frame's function.
    fn with_call(&self, call: Site, function: Site) -> Vec<Frame> {
        let mut frames = vec![Frame { call, function, places: [function, function] }];
        frames.extend_from_slice(&self.frames[self.level..]);
        frames
    }

    /// `BACKENDS[kind]`, of a table that nothing changes.
    fn entry_may_be(&self, subscript: Site, table: Site) -> Option<Vec<Value>> {
        let key = self.eval.file(subscript.file).tree().child(subscript.node, Field::Subscript)?;
        let Constant::Text(key) = self.constant(key)? else { return None };
        let [Value::Literal(display)] = *self.eval.values(table) else { return None };
        if !self.eval.put_items(table).is_empty() {
            return None;
        }
        known(&self.eval.values(self.eval.entry_of(display, &key)?))
    }
}

/// The values, if each of them is known.
fn known(values: &[Value]) -> Option<Vec<Value>> {
    let is_known = |value: &Value| {
        matches!(
            value,
            Value::External { .. } | Value::Class(_) | Value::Function(_) | Value::Instance(_)
        )
    };
    (!values.is_empty() && values.iter().all(is_known)).then(|| values.to_vec())
}
