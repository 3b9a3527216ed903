//! Which executor a scheduler of APScheduler runs a job by: the one that the job names, `default` if it names none. Where
//! that cannot be seen, it is not one of processes.

use crate::project::{Dispatch, Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// The class whose instances run jobs in processes, as its path and as text references write it.
const PROCESS_EXECUTOR: &str = "apscheduler.executors.pool.ProcessPoolExecutor";
/// The name that stands for that class in configurations.
const PLUGIN: &str = "processpool";

impl Eval<'_> {
    /// Whether the job that a dispatch adds to a scheduler runs in a process.
    pub(in crate::project) fn job_runs_in_process(&self, dispatch: &Dispatch) -> bool {
        let Some(made) = dispatch.made else { return false };
        let alias = match self.keyword_argument(dispatch.call, "executor") {
            None => Some("default"),
            Some(name) => self.text_of(name),
        };
        alias.is_some_and(|alias| {
            self.executors_called(made, alias)
                .into_iter()
                .any(|executor| self.is_process_executor(executor))
        })
    }

    /// Whether the scheduler that a call starts has an executor of processes under one of the usual names, or one that a job names.
    pub(in crate::project) fn may_run_in_processes(&self, dispatch: &Dispatch) -> bool {
        let Some(made) = dispatch.made else { return false };
        let named = self
            .calls_on(made, "add_job")
            .into_iter()
            .filter_map(|call| self.text_of(self.keyword_argument(call, "executor")?));
        let aliases = named.chain(["default", PLUGIN]);
        aliases.collect::<BTreeSet<&str>>().into_iter().any(|alias| {
            self.executors_called(made, alias)
                .into_iter()
                .any(|executor| self.is_process_executor(executor))
        })
    }

    /// The string that an expression is, also by way of a name.
    fn text_of(&self, expression: Site) -> Option<&str> {
        match &*self.values(expression) {
            [Value::Literal(literal)] => self.string_literal(*literal),
            _ => None,
        }
    }

    /// What the scheduler that the call `made` makes is given as the executor `alias`: when it is made, or later.
    fn executors_called(&self, made: Site, alias: &str) -> Vec<Site> {
        let mut found = self.configured(made, alias);
        for call in self.calls_on(made, "configure") {
            found.extend(self.configured(call, alias));
        }
        for call in self.calls_on(made, "add_executor") {
            let own = self.argument(call, "alias", 1);
            let called = own.map_or(Some("default"), |own| self.text_of(own));
            found.extend(self.argument(call, "executor", 0).filter(|_| called == Some(alias)));
        }
        found
    }

    /// The executor `alias` among the options of a call.
    fn configured(&self, call: Site, alias: &str) -> Vec<Site> {
        let within = |mapping: Option<Site>, key: &str| {
            mapping.map(|mapping| self.entries_under(mapping, key)).unwrap_or_default()
        };
        let mut found = within(self.keyword_argument(call, "executors"), alias);
        found.extend(within(
            self.argument(call, "gconfig", 0),
            &format!("apscheduler.executors.{alias}"),
        ));
        found
    }

    /// The values of `key` in the dictionaries that an expression may be.
    fn entries_under(&self, mapping: Site, key: &str) -> Vec<Site> {
        let values = self.values(mapping);
        let by_display = values.iter().filter_map(|value| {
            if let Value::Literal(display) = value { self.entry_of(*display, key) } else { None }
        });
        let is_dict = |value: &&Value| matches!(value, Value::Instance(Type::External { path, .. }) if &**path == "builtins.dict");
        let by_call = values.iter().filter(is_dict).filter_map(|value| match value {
            Value::Instance(Type::External { made: Some(call), .. }) => {
                self.keyword_argument(*call, key)
            }
            _ => None,
        });
        by_display.chain(by_call).collect()
    }

    /// The calls of `method` on the object that the call `made` makes.
    fn calls_on(&self, made: Site, method: &str) -> Vec<Site> {
        let is_it = |value: &Value| matches!(value, Value::Instance(Type::External { made: Some(own), .. }) if *own == made);
        let on_it = |call: &&Site| {
            let tree = self.file(call.file).tree();
            let object = tree
                .child(call.node, Field::Function)
                .and_then(|callee| tree.child(callee, Field::Object));
            object.is_some_and(|node: NodeId| {
                self.values(Site { file: call.file, node }).iter().any(is_it)
            })
        };
        self.project.calls_named(method).iter().filter(on_it).copied().collect()
    }

    /// Whether an expression is an executor of processes, its plugin name, or a dictionary that asks for one.
    fn is_process_executor(&self, executor: Site) -> bool {
        let names_it = |text: &str| text == PLUGIN || text.replace(':', ".") == PROCESS_EXECUTOR;
        self.values(executor).iter().any(|value| match value {
            Value::Instance(Type::External { path, .. }) if &**path == "builtins.dict" => {
                ["type", "class"]
                    .iter()
                    .flat_map(|key| self.entries_under(executor, key))
                    .any(|text| self.text_of(text).is_some_and(names_it))
            }
            Value::Instance(Type::External { path, .. }) => &**path == PROCESS_EXECUTOR,
            Value::Instance(Type::Class(class)) => {
                self.external_bases(*class).iter().any(|(path, _)| &**path == PROCESS_EXECUTOR)
            }
            Value::Literal(literal)
                if self.file(literal.file).tree().kind(literal.node) == Kind::Dictionary =>
            {
                ["type", "class"]
                    .iter()
                    .filter_map(|key| self.entry_of(*literal, key))
                    .any(|text| self.text_of(text).is_some_and(names_it))
            }
            Value::Literal(literal) => self.string_literal(*literal).is_some_and(names_it),
            _ => false,
        })
    }
}
