//! What the names in `case` patterns get.

use super::edges::Graph;
use super::{Part, Step, Steps};
use crate::syntax::{Field, Kind, NodeId};

impl Graph<'_> {
    /// The captures of a `case`: each is a part of the subject.
    pub(super) fn case(&mut self, case: NodeId) {
        let tree = self.tree;
        let statement = tree.enclosing(case, &[Kind::MatchStatement]);
        let Some(subject) = statement.and_then(|node| tree.child(node, Field::Subject)) else {
            return;
        };
        let body = tree.child(case, Field::Consequence);
        let patterns: Vec<NodeId> = tree
            .children(case)
            .filter(|part| Some(*part) != body && tree.kind(*part) == Kind::CasePattern)
            .collect();
        // `case a, b:` stands for a tuple.
        let is_tuple = patterns.len() > 1;
        for (index, pattern) in patterns.into_iter().enumerate() {
            let mut steps = Steps::new();
            if is_tuple {
                steps.push(Step::Load(Part::Item(index as u32)));
            }
            self.pattern(pattern, subject, steps);
        }
    }

    fn pattern(&mut self, pattern: NodeId, subject: NodeId, steps: Steps) {
        let tree = self.tree;
        let parts: Vec<NodeId> = tree.children(pattern).collect();
        match tree.kind(pattern) {
            Kind::DottedName if tree.child_of_kind(pattern, Kind::Dot).is_none() => {
                let name = tree.child_of_kind(pattern, Kind::Identifier);
                name.into_iter().for_each(|name| self.edge(name, subject, steps.clone()));
            }
            Kind::Identifier => self.edge(pattern, subject, steps),
            Kind::ListPattern | Kind::TuplePattern => self.sequence(&parts, subject, &steps),
            Kind::DictPattern => self.mapping(&parts, subject, &steps),
            Kind::ClassPattern => self.class(&parts, subject, &steps),
            _ => parts.into_iter().for_each(|part| self.pattern(part, subject, steps.clone())),
        }
    }

    fn sequence(&mut self, parts: &[NodeId], subject: NodeId, steps: &Steps) {
        let is_starred = |part: &NodeId| {
            let inner = self.tree.children(*part).next();
            self.tree.kind(*part) == Kind::SplatPattern
                || inner.is_some_and(|inner| self.tree.kind(inner) == Kind::SplatPattern)
        };
        let starred = parts.iter().position(is_starred);
        for (index, part) in parts.iter().enumerate() {
            let step = match starred {
                Some(star) if star == index => {
                    Step::Rest { before: index as u32, after: (parts.len() - index - 1) as u32 }
                }
                Some(star) if star < index => {
                    Step::Load(Part::Last((parts.len() - index - 1) as u32))
                }
                _ => Step::Load(Part::Item(index as u32)),
            };
            self.pattern(*part, subject, with(steps, step));
        }
    }

    fn mapping(&mut self, parts: &[NodeId], subject: NodeId, steps: &Steps) {
        let mut key = Part::Any;
        for part in parts {
            if self.tree.field(*part) == Field::Key {
                let inner = self.tree.children(*part).next().unwrap_or(*part);
                key = self
                    .literal(inner)
                    .or_else(|| self.literal(*part))
                    .map_or(Part::Any, Part::Key);
            } else {
                self.pattern(*part, subject, with(steps, Step::Load(key)));
            }
        }
    }

    fn class(&mut self, parts: &[NodeId], subject: NodeId, steps: &Steps) {
        let tree = self.tree;
        for (index, part) in parts.iter().skip(1).enumerate() {
            let inner = tree.children(*part).next().unwrap_or(*part);
            let keyword =
                [*part, inner].into_iter().find(|node| tree.kind(*node) == Kind::KeywordPattern);
            let Some(keyword) = keyword else {
                self.pattern(*part, subject, with(steps, Step::Load(Part::Item(index as u32))));
                continue;
            };
            let mut inside = tree.children(keyword);
            if let Some((name, value)) = inside.next().zip(inside.next()) {
                let part = Part::Attribute(tree.text(name, self.text).into());
                self.pattern(value, subject, with(steps, Step::Load(part)));
            }
        }
    }
}

fn with(steps: &Steps, step: Step) -> Steps {
    let mut longer = steps.clone();
    longer.push(step);
    longer
}
