//! What `*args` and `**kwargs` hold: the arguments of the calls that entered the frame.

use super::expressions::beneath;
use super::runs::Runs;
use super::source::{Allocation, CallString, Found, Frame, Source};
use super::{Solver, beside};
use crate::facts::dataflow::{Given, Part};
use crate::project::Site;

impl Solver<'_> {
    /// What `*args` and `**kwargs` hold.
    pub(super) fn contents_of_parameter(&self, made: &Allocation, part: Part) -> Vec<Found> {
        let graph = self.graph(made.site.file);
        let Some(binding) = graph.definition(made.site.node) else { return Vec::new() };
        let Some((function, parameter)) = self.function_of(made.site, binding) else {
            return Vec::new();
        };
        let Some(signature) = graph.signature(function.node) else { return Vec::new() };
        let before = signature.parameters.iter().filter(|each| each.position.is_some()).count();
        let named =
            |name| signature.parameters.iter().any(|each| each.star == 0 && each.name == name);
        let mut out = Vec::new();
        let wanted = match (parameter.star, part) {
            (1, Part::Item(number)) => vec![Given::Position(Some(before as u32 + number))],
            (2, Part::Key(name)) => vec![Given::Keyword(name)],
            _ => Vec::new(),
        };
        let calls = self.calls_of_frame(function, &made.context);
        let unknown = || Found::new(Source::Parameter(beside(function, parameter.node)));
        if calls.is_empty() && parameter.star == 2 {
            out.push(unknown());
        }
        for (call, context, callers) in calls {
            for run in self.runs(call, function, &context) {
                let Runs::Directly { receiver, bound } = run else { continue };
                let shift = u32::from(receiver.is_some());
                if !bound.is_empty() {
                    continue;
                }
                for argument in self.arguments(call) {
                    let given = match argument.given {
                        Given::Position(number) => {
                            Given::Position(number.map(|number| number + shift))
                        }
                        given => given,
                    };
                    let is_surplus = match given {
                        Given::Position(Some(number)) => {
                            parameter.star == 1 && number as usize >= before
                        }
                        Given::Keyword(name) => parameter.star == 2 && !named(name),
                        Given::Splat(_) => parameter.star == 1,
                        Given::Mapping => parameter.star == 2,
                        Given::Position(None) => parameter.star == 1,
                    };
                    let is_wanted = wanted.is_empty()
                        || wanted.contains(&given)
                        || matches!(
                            given,
                            Given::Splat(_) | Given::Mapping | Given::Position(None)
                        );
                    if !is_surplus || !is_wanted {
                        continue;
                    }
                    let node = beside(call, argument.node);
                    for each in self.find(node, &context).iter() {
                        let taken = match given {
                            Given::Splat(_) => match part {
                                Part::Item(number) => {
                                    self.load(&each.source, Part::Item(number), node)
                                }
                                _ => self.elements(&each.source, node),
                            },
                            Given::Mapping if each.source.is_unknown() => vec![unknown()],
                            Given::Mapping => self.load(&each.source, part, node),
                            _ => vec![each.apart()],
                        };
                        let taken = beneath(each, taken);
                        let handed = taken.iter().map(|each| each.handed_over_as(node));
                        out.extend(handed.map(|each| match &callers {
                            Some(frame) => each.entered(frame.clone()),
                            None => each,
                        }));
                    }
                }
            }
        }
        out
    }

    /// The calls that entered a frame: the one that is known, or all that may have.
    pub(super) fn calls_of_frame(
        &self,
        function: Site,
        context: &CallString,
    ) -> Vec<(Site, CallString, Option<Frame>)> {
        match context.split() {
            Some((Frame::Call(call), outer)) => vec![(*call, outer, None)],
            _ => self
                .find_callers(function)
                .into_iter()
                .map(|call| (call, CallString::UNKNOWN, Some(Frame::Call(call))))
                .collect(),
        }
    }
}
