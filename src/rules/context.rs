//! What a rule may look at, and how it writes findings.

use super::{Rule, SentIndex};
use crate::catalogue::Transport;
use crate::facts::FileFacts;
use crate::findings::{Finding, Location, Related, Remedy, Severity, StartMethod};
use crate::project::processes::starts::called_name;
use crate::project::{Callable, Carried, Dispatch, Eval, FileId, Sent, Site, Type, Value};
use crate::rewrite::lifting::captures::{Variable, guard_around};
use crate::rewrite::lifting::lift;
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::state::globals::{self, GlobalRead};
use crate::rewrite::{
    Bind, GuardStyle,
    state::{initializer, process_arguments, run_state},
};
use crate::syntax::{Field, Kind, Match, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// How people name the API of a dispatch: `Pool.map`, `Process`.
pub fn api_of(eval: &Eval, dispatch: &Dispatch) -> String {
    let entry = dispatch.api(eval.project);
    let path = entry.paths.first().map_or("", String::as_str);
    let facts = eval.file(dispatch.call.file);
    let tree = facts.tree();
    let attribute = tree
        .child(dispatch.call.node, Field::Function)
        .and_then(|callee| tree.child(callee, Field::Attribute))
        .map(|name| facts.text(name));
    let mut parts = path.rsplit('.');
    let last = parts.next().unwrap_or(path);
    match (entry.receiver.is_empty(), parts.next()) {
        (false, Some(class)) if last == "__call__" => class.to_owned(),
        (false, Some(class)) => format!("{class}.{}", attribute.unwrap_or(last)),
        _ => entry.name_called(called_name(eval, dispatch.call)).to_owned(),
    }
}

/// What a rule may look at.
#[derive(Debug)]
pub struct RuleContext<'a, 'p> {
    /// The rule that looks.
    pub rule: &'static Rule,
    /// Values of expressions.
    pub eval: &'a Eval<'p>,
    /// The file that is looked at.
    pub file: FileId,
    /// What is sent to processes.
    pub index: &'a SentIndex,
    /// How captures are to be bound.
    pub bind: Bind,
    /// The form of guards.
    pub guard_style: GuardStyle,
    /// The oldest Python that rewritten code must run on.
    pub target_version: (u8, u8),
}

impl<'p> RuleContext<'_, 'p> {
    /// The facts of the file.
    pub fn facts(&self) -> &'p FileFacts {
        self.eval.file(self.file)
    }

    /// Where the rule's query matches, in the order of the text.
    pub fn matches(&self) -> Vec<Match> {
        let facts = self.facts();
        self.rule.query.run(&facts.parsed, facts.all())
    }

    /// A node of this file as a site.
    pub fn at(&self, node: NodeId) -> Site {
        Site { file: self.file, node }
    }

    /// The place of a site.
    pub fn location(&self, site: Site) -> Location {
        let facts = self.eval.file(site.file);
        Location::new(&facts.source, facts.tree().span(site.node))
    }

    /// A related place.
    pub fn related(&self, site: Site, message: impl Into<String>) -> Related {
        Related { location: self.location(site), message: message.into() }
    }

    /// A finding of this rule at `site`.
    pub fn finding(
        &self,
        site: Site,
        message: impl Into<String>,
        start_methods: &[StartMethod],
        severity: Severity,
        remedy: Remedy,
        related: Vec<Related>,
    ) -> Finding {
        let facts = self.eval.file(site.file);
        let text = facts.text(site.node);
        let subject: String =
            text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect();
        let mut start_methods = start_methods.to_vec();
        start_methods.sort();
        Finding {
            code: self.rule.code,
            name: self.rule.name,
            message: message.into(),
            location: self.location(site),
            start_methods,
            severity,
            remedy,
            related,
            context: facts.context(site.node),
            subject,
        }
    }

    /// How messages name the API of a dispatch: `Pool.map`, `Process`.
    pub fn api_name(&self, sent: &Sent) -> String {
        self.entry_name(&sent.dispatch)
    }

    /// As [`api_name`](Self::api_name), for a dispatch alone.
    pub fn entry_name(&self, dispatch: &Dispatch) -> String {
        api_of(self.eval, dispatch)
    }

    /// The sentence part that says what travels how.
    pub fn transport_note(&self, sent: &Sent) -> &'static str {
        self.transport_of(&sent.dispatch)
    }

    /// As [`transport_note`](Self::transport_note), for a dispatch by itself.
    pub fn transport_of(&self, dispatch: &Dispatch) -> &'static str {
        match dispatch.api(self.eval.project).transport {
            Transport::ProcessArgs => {
                "travels with the Process, so it is pickled under spawn and forkserver"
            }
            _ => "goes through a queue, so it is pickled under every start method",
        }
    }

    /// The related places of what is sent: its definition, the steps between, the executor.
    pub fn path_of(&self, sent: &Sent, definition: Option<(Site, String)>) -> Vec<Related> {
        let mut related = Vec::new();
        if let Some((site, message)) = definition {
            related.push(self.related(site, message));
        }
        for step in &sent.origin.through {
            related.push(self.related(*step, "passed on here"));
        }
        if sent.dispatch.call != sent.origin.handover && !sent.origin.through.is_empty() {
            related.push(
                self.related(sent.dispatch.call, format!("sent by {} here", self.api_name(sent))),
            );
        }
        if let Some(made) = sent.dispatch.made {
            related.push(self.related(made, "the executor is made here"));
        }
        related
    }

    /// Where a lambda that is sent is reported, and how the message tells it from others that one expression hands over
    /// (`f if fast else g`): by its own place in that expression, else in words.
    pub fn place_of_lambda(&self, each: &Sent, lambda: Site) -> (Site, String) {
        let handover = each.origin.handover;
        let others = self.index.all().iter().filter(|sent| {
            sent.origin.handover == handover && sent.dispatch.call == each.dispatch.call
        });
        let alike = others
            .filter(|sent| matches!(sent.origin.callable, Callable::Lambda(site) if site != lambda))
            .count();
        if alike == 0 {
            return (handover, String::new());
        }
        let facts = self.eval.file(lambda.file);
        if handover.file == lambda.file && facts.tree().contains(handover.node, lambda.node) {
            return (lambda, String::new());
        }
        let place = self.location(lambda);
        (handover, format!(" (line {}, column {})", place.start.line, place.start.column))
    }

    /// What the calls (and assignments through proxies) that the rule's query matches (`@call`) hand over as arguments and
    /// cannot cross.
    pub fn carried_calls(&self) -> Vec<(&Carried, NodeId)> {
        if self.index.carried_in(self.file).next().is_none() {
            return Vec::new();
        }
        let tree = self.facts().tree();
        let calls: BTreeSet<NodeId> =
            self.matches().iter().filter_map(|hit| hit.get("call")).collect();
        self.index
            .carried_in(self.file)
            .filter_map(|carried| {
                Some((
                    carried,
                    tree.enclosing(carried.content.handover.node, &[Kind::Call, Kind::Assignment])?,
                ))
            })
            .filter(|row| calls.contains(&row.1))
            .collect()
    }

    /// The callables that the calls that the rule's query matches (`@call`) hand over.
    pub fn sent_calls(&self) -> Vec<&Sent> {
        if self.index.handed_over_in(self.file).next().is_none() {
            return Vec::new();
        }
        let tree = self.facts().tree();
        let calls: BTreeSet<NodeId> =
            self.matches().iter().filter_map(|hit| hit.get("call")).collect();
        self.index
            .handed_over_in(self.file)
            .filter(|sent| {
                tree.enclosing(sent.origin.handover.node, &[Kind::Call])
                    .is_some_and(|call| calls.contains(&call))
            })
            .collect()
    }

    /// As [`sent_calls`](Self::sent_calls), with the `run` methods of the processes that are made in the file.
    pub fn worker_calls(&self) -> Vec<&Sent> {
        let runs = self.index.runs().iter().filter(|run| run.origin.handover.file == self.file);
        self.sent_calls().into_iter().chain(runs).collect()
    }

    /// The function that runs in the worker, where children find it in its module: others are moved there by rules of
    /// their own, and get what they read on the way.
    fn importable_worker(&self, sent: &Sent) -> Option<Site> {
        let worker = self.eval.worker(&sent.origin)?;
        let facts = self.eval.file(worker.file);
        let is_function = facts.tree().kind(worker.node) == Kind::FunctionDefinition;
        (is_function && !self.eval.is_local(worker) && guard_around(facts, worker.node).is_none())
            .then_some(worker)
    }

    /// The calls whose workers import their modules, with the worker and the start methods under which they do.
    pub fn importing_workers(&self) -> Vec<(&Sent, Site, Vec<StartMethod>)> {
        let without_fork = |sent: &Sent| -> Vec<StartMethod> {
            sent.methods.iter().copied().filter(|method| *method != StartMethod::Fork).collect()
        };
        let meant = self
            .worker_calls()
            .into_iter()
            .filter(|sent| !globals::is_for_forked(self.eval, sent.origin.leaf));
        let rows =
            meant.map(|sent| (sent, without_fork(sent))).filter(|(_, methods)| !methods.is_empty());
        rows.filter_map(|(sent, methods)| Some((sent, self.importable_worker(sent)?, methods)))
            .collect()
    }

    /// The globals that a worker of a dispatch reads, in the functions of the project that it calls, too, and that no worker there
    /// binds itself.
    pub fn reads_from_outside(&self, dispatch: &Dispatch, worker: Site) -> Vec<GlobalRead> {
        let bound = self.bound_in_workers(dispatch, worker);
        let reads = globals::reads(self.eval, &self.eval.reached(worker));
        reads.into_iter().filter(|read| !bound.contains(&(read.file, read.name.clone()))).collect()
    }

    /// The globals that workers of a dispatch bind themselves: the worker, what it calls, and the initializer of its executor,
    /// any initializer if that is not seen.
    fn bound_in_workers(&self, dispatch: &Dispatch, worker: Site) -> BTreeSet<(FileId, String)> {
        let executors =
            dispatch.receiver.map(|receiver| self.eval.values(receiver)).unwrap_or_default();
        let makes_it = |call: Site| {
            executors.iter().any(|value| matches!(value, Value::Instance(Type::External { made: Some(made), .. }) if *made == call))
        };
        let is_own =
            |other: &Sent| other.slot.name == "initializer" && other.dispatch.call == dispatch.call;
        let beside = |other: &&Sent| {
            is_own(other)
                || dispatch
                    .made
                    .is_none_or(|made| other.dispatch.call == made || makes_it(other.dispatch.call))
        };
        let initializers =
            self.index.all().iter().filter(|other| other.slot.name == "initializer").filter(beside);
        let initializers: Vec<Site> = initializers
            .filter_map(|sent| self.eval.worker(&sent.origin))
            .flat_map(|function| self.eval.reached(function))
            .collect();
        // What an initializer puts into a table of settings counts as well.
        let filled = initializers
            .iter()
            .flat_map(|function| globals::written_by(self.eval, *function))
            .map(|(file, name, _)| (file, name));
        let mut bound = globals::bound_by(self.eval, &self.eval.reached(worker));
        bound.extend(globals::bound_by(self.eval, &initializers).into_iter().chain(filled));
        bound
    }

    /// Whether a function runs only when workers start, as an initializer.
    pub fn is_initializer(&self, function: Site) -> bool {
        let mut sent = self
            .index
            .of(function)
            .into_iter()
            .map(|sent| sent.slot.name == "initializer")
            .peekable();
        sent.peek().is_some()
            && sent.all(|is_initializer| is_initializer)
            && self.eval.callers(function).is_empty()
    }

    /// The remedy that hands globals of `file` to the workers of a dispatch: by an initializer, or as arguments of a Process.
    /// `all` are the globals that the workers are to be given, by their modules.
    pub fn handed_over(
        &self,
        sent: &Sent,
        file: FileId,
        all: &BTreeMap<FileId, BTreeSet<String>>,
    ) -> Remedy {
        let names: &Vec<String> = &all.get(&file).into_iter().flatten().cloned().collect();
        let runs_same = |other: &&Sent| {
            self.eval.worker(&other.origin).is_some()
                && self.eval.worker(&other.origin) == self.eval.worker(&sent.origin)
        };
        let is_process = sent.dispatch.api(self.eval.project).id == "mp.Process";
        let attempt = match (sent.slot.name.as_str(), &sent.origin.callable) {
            ("run", _) => run_state::hand_over(
                self.eval,
                sent,
                &self.index.runs().iter().filter(runs_same).collect::<Vec<_>>(),
                file,
                names,
            ),
            (_, Callable::Function(_) | Callable::Method { .. }) if is_process => {
                let uses: Vec<&Sent> = self.index.all().iter().filter(runs_same).collect();
                let by_parameter =
                    process_arguments::hand_over(self.eval, sent, &uses, file, names);
                by_parameter.or_else(|refusal| {
                    process_arguments::bound_first(self.eval, sent, &uses, file, names)
                        .map_err(|_| refusal)
                })
            }
            _ => {
                let uses: Vec<&Sent> = self.index.all().iter().filter(runs_same).collect();
                let together = || {
                    if all.len() > 1 {
                        initializer::hand_over_all(self.eval, sent, all).ok()
                    } else {
                        None
                    }
                };
                let by_initializer = together()
                    .map_or_else(|| initializer::hand_over(self.eval, sent, file, names), Ok);
                by_initializer.or_else(|refusal| {
                    process_arguments::bound_by_partial(self.eval, sent, &uses, file, names)
                        .map_err(|_| refusal)
                })
            }
        };
        attempt.map_or_else(Remedy::Refused, Remedy::Fix)
    }

    /// The workers of all tasks of the executor that gets `sent`, which has one initializer for them.
    pub fn workers_beside(&self, sent: &Sent) -> Vec<Site> {
        let made = sent.dispatch.made;
        let beside = self.index.all().iter().filter(|other| {
            made.is_some() && other.dispatch.made == made && other.slot.name != "initializer"
        });
        let mut workers: Vec<Site> =
            beside.chain([sent]).filter_map(|other| self.importable_worker(other)).collect();
        workers.sort();
        workers.dedup();
        workers
    }

    /// The text of an expression on one line, shortened for messages.
    pub fn short_text(&self, site: Site) -> String {
        let text = self.eval.file(site.file).text(site.node);
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= 40 {
            line
        } else {
            format!("{}…", line.chars().take(39).collect::<String>())
        }
    }

    /// The related places of what is carried: where it is made, the steps between, the executor.
    pub fn way_of(&self, carried: &Carried, made: Option<(Site, String)>) -> Vec<Related> {
        let mut related: Vec<Related> =
            made.into_iter().map(|(site, message)| self.related(site, message)).collect();
        related.extend(
            carried.content.through.iter().map(|step| self.related(*step, "passed on here")),
        );
        if !carried.content.through.is_empty() {
            related.push(self.related(
                carried.dispatch.call,
                format!("sent by {} here", self.entry_name(&carried.dispatch)),
            ));
        }
        related.extend(
            carried.dispatch.made.map(|made| self.related(made, "the executor is made here")),
        );
        related
    }

    /// The uses of a definition that is carried as an argument, for rewriters.
    pub fn carried_uses(&self, definition: Site) -> Vec<Use> {
        let of_it = self
            .index
            .carried()
            .iter()
            .filter(|carried| carried.content.callable() == Some(definition));
        let used = |carried: &Carried| {
            let content = &carried.content;
            Use::among_arguments(carried.dispatch.clone(), content.leaf, content.kept)
        };
        let mut uses: Vec<Use> = of_it.map(used).collect();
        self.take_changed_along(definition, &mut uses);
        uses
    }

    /// The remedy for a function or lambda that is sent: it moves to module level, or what it calls is sent.
    pub(super) fn lifted(&self, definition: Site, sent: &[&Sent]) -> Remedy {
        let uses = self.uses(definition, sent);
        let changed = uses.iter().flat_map(|each| &each.changed);
        let given: Vec<Variable> = changed.map(|each| each.variable.clone()).collect();
        let remedy = lift::callable(self.eval, definition, uses, self.bind);
        let places = sent.iter().map(|each| (&each.dispatch, each.origin.handover));
        self.unless_outdated(definition, places, remedy, &given)
    }

    /// The uses of a definition, for rewriters.
    pub fn uses(&self, definition: Site, sent: &[&Sent]) -> Vec<Use> {
        let used = |sent: &&Sent| Use {
            leaf: sent.origin.leaf,
            dispatch: sent.dispatch.clone(),
            slot: sent.slot.clone(),
            kept: sent.origin.kept,
            changed: Vec::new(),
        };
        let mut uses: Vec<Use> = sent.iter().map(used).collect();
        self.take_changed_along(definition, &mut uses);
        uses
    }
}
