//! How calls run functions: directly, through partials and objects that are called, or by way of a library function.

use super::source::{Allocation, CallString, Source};
use super::{Solver, beside};
use crate::catalogue::flows::{self, ContainerKind, Flows, Place, Root};
use crate::project::Site;
use crate::syntax::Field;
use std::sync::Arc;

/// How a call runs a function.
#[derive(Debug, Clone)]
pub(super) enum Runs {
    /// It calls it, perhaps with arguments that partials bound before.
    Directly {
        /// The object that is given as the first parameter.
        receiver: Option<Arc<Source>>,
        /// The partials, the innermost first.
        bound: Vec<Allocation>,
    },
    /// A library function calls it, with the values at these places.
    ByLibrary {
        /// The places, by the function's parameters.
        arguments: &'static [Place],
        /// The object that is given as the first parameter.
        receiver: Option<Arc<Source>>,
    },
}

impl Solver<'_> {
    /// How a call runs a function, if it does.
    pub(super) fn runs(&self, call: Site, function: Site, context: &CallString) -> Vec<Runs> {
        let Some(callee) = self.callee(call) else { return Vec::new() };
        let mut out = Vec::new();
        for each in self.find(callee, context).iter() {
            if let Some((receiver, bound)) = self.runs_by(&each.source, function, call, context, 0)
            {
                out.push(Runs::Directly { receiver, bound });
                continue;
            }
            let flows = match &each.source {
                Source::External { path, .. } => flows::function(path),
                Source::Method { object, name, function: None, .. } => self
                    .container_kind(object)
                    .and_then(|kind| flows::method(kind, name))
                    .or_else(|| flows::method(ContainerKind::Any, name)),
                // A loop that a parameter brings.
                Source::Unknown | Source::Result(_) | Source::Parameter(_) => {
                    let tree = self.tree(callee.file);
                    let name = tree.child(callee.node, Field::Attribute);
                    name.and_then(|name| {
                        flows::method(ContainerKind::Any, self.text(beside(callee, name)))
                    })
                }
                _ => None,
            };
            for place in flows.into_iter().flat_map(Flows::made_calls) {
                let Root::Call { callee, arguments } = &place.root else { continue };
                for given in self.at_place(call, callee, context) {
                    let run = self.runs_by(&given.source, function, call, context, 0);
                    if let Some((receiver, _)) = run {
                        out.push(Runs::ByLibrary { arguments, receiver });
                    }
                }
            }
        }
        out
    }

    /// The object and the partials with which calling `callee` runs a function.
    pub(super) fn runs_by(
        &self,
        callee: &Source,
        function: Site,
        call: Site,
        context: &CallString,
        depth: u32,
    ) -> Option<(Option<Arc<Source>>, Vec<Allocation>)> {
        match callee {
            Source::Function(found) | Source::Lambda(found) if *found == function => {
                Some((None, Vec::new()))
            }
            Source::Method { object, function: Some(found), .. } if *found == function => {
                let is_static =
                    self.file(function.file).has_decorator(function.node, &["staticmethod"]);
                Some(((!is_static).then(|| object.clone()), Vec::new()))
            }
            Source::Class(class) => {
                let (_, init) = self.methods_named(*class, "__init__").into_iter().next()?;
                let made = Allocation { site: call, context: context.for_heap() };
                let object = Source::Instance { class: *class, made: Some(made) };
                if init == function {
                    return Some((Some(Arc::new(object)), Vec::new()));
                }
                let (_, maker) = self.methods_named(*class, "__new__").into_iter().next()?;
                (maker == function).then(|| (Some(Arc::new(Source::Class(*class))), Vec::new()))
            }
            Source::Partial(partial) if depth < 4 => {
                let inner = self.arguments(partial.site).first().copied()?;
                let found = self.find(beside(partial.site, inner.node), &partial.context);
                let (receiver, mut bound) = found.iter().find_map(|each| {
                    self.runs_by(&each.source, function, call, context, depth + 1)
                })?;
                bound.push(partial.clone());
                Some((receiver, bound))
            }
            Source::Instance { .. } if depth < 4 => {
                let name = self.file(function.file).definition_name(function.node);
                if name != "__call__" {
                    return None;
                }
                let called = self.member(callee, "__call__", call);
                called.iter().find_map(|each| match &each.source {
                    Source::Method { .. } => {
                        self.runs_by(&each.source, function, call, context, depth + 1)
                    }
                    _ => None,
                })
            }
            _ => None,
        }
    }
}
