//! What a model says, put into the tree of paths of its language.

use std::collections::BTreeMap;

use super::{
    ANYTHING, Conditional, Contains, Export, Guard, Handler, KindNames, MANY, NAMED, Node, NodeId, Schedule,
    Sink, Table, UNKNOWN,
};
use crate::analyze::flow::schema::{Role, Shaping};
use crate::rule::{Expression, Model, Part, Root, Slot};

impl Table {
    /// Adds what a model says. The error is a clause.
    pub(super) fn add(
        &mut self,
        model: &Model,
        sinks: &KindNames,
        sources: &KindNames,
    ) -> Result<(), String> {
        let many = || MANY.to_owned();
        for (kind, written) in each(&model.source) {
            let read = Expression::parse(written)?;
            let (node, source) = (self.insert(&read), sources.get(kind).ok_or_else(many)?);
            let node = self.nodes[node as usize].say();
            if read.requirements.is_empty() {
                node.source |= source;
            } else {
                let requirements = read.requirements;
                node.conditional.push(Conditional { requirements, source, ..Conditional::default() });
            }
        }
        for (kind, written) in each(&model.whole) {
            let node = self.insert(&Expression::parse(written)?);
            self.nodes[node as usize].say().whole |= sinks.bits(kind).ok_or_else(many)?;
        }
        for written in &model.pass {
            let node = self.insert(&Expression::parse(written)?);
            self.nodes[node as usize].say().passes = true;
        }
        for written in &model.exit {
            let node = self.insert(&Expression::parse(written)?);
            self.nodes[node as usize].say().exits = true;
        }
        for written in &model.assert {
            let read = Expression::parse(written)?;
            let node = self.insert(&read);
            self.nodes[node as usize].say().asserts.extend(read.slots);
        }
        for (hands, list) in &model.schedule {
            for written in list {
                let read = Expression::parse(written)?;
                let node = self.insert(&read);
                let mut slots = read.slots.into_iter();
                let function =
                    slots.next().ok_or_else(|| format!("`{written}`: say which argument is called"))?;
                let (hands, arguments, requirements) = (*hands, slots.collect(), read.requirements);
                let schedule = Schedule { hands, function, arguments, requirements };
                self.nodes[node as usize].say().schedules.push(schedule);
            }
        }
        for (kind, written) in each(&model.turns) {
            let to = self.insert(&Expression::parse(kind)?);
            let read = Expression::parse(written)?;
            let node = self.insert(&read);
            self.nodes[node as usize].say().turns.push((read.requirements, to));
        }
        for (kind, written) in each(&model.undo) {
            let node = self.insert(&Expression::parse(written)?);
            self.nodes[node as usize].say().undoes |= sinks.bits(kind).ok_or_else(many)?;
        }
        for (kind, written) in each(&model.sink) {
            let read = Expression::parse(written)?;
            let node = self.insert(&read);
            let Expression { slots, argv, first, system, requirements, assignment, .. } = read;
            let sink =
                Sink { kind: sinks.get(kind).ok_or_else(many)?, slots, argv, first, system, requirements };
            let node = self.nodes[node as usize].say();
            if assignment { node.assigned.push(sink) } else { node.sinks.push(sink) }
        }
        for (kind, written) in each(&model.clean) {
            let read = Expression::parse(written)?;
            let (node, cleans) = (self.insert(&read), sinks.bits(kind).ok_or_else(many)?);
            let node = self.nodes[node as usize].say();
            if !read.slots.is_empty() {
                node.cleans_of.extend(read.slots.into_iter().map(|slot| (slot, cleans)));
            } else if read.requirements.is_empty() {
                node.cleans |= cleans;
            } else {
                let requirements = read.requirements;
                node.conditional.push(Conditional { requirements, cleans, ..Conditional::default() });
            }
        }
        for (kind, written) in each(&model.schema) {
            let node = self.insert(&Expression::parse(written)?);
            self.nodes[node as usize].say().schema |= sinks.bits(kind).ok_or_else(many)?;
        }
        for (role, written) in each(&model.shape) {
            let (role, read) = (Role::parse(role)?, Expression::parse(written)?);
            let node = self.insert(&read);
            let Expression { slots, requirements, .. } = read;
            self.nodes[node as usize].say().shapings.push(Shaping::new(role, slots, requirements));
        }
        for (kind, written) in each(&model.guard) {
            let (kind, after) = match kind.split_once(" after ") {
                Some((kind, after)) => (kind, sinks.get(after).ok_or_else(many)?),
                None => (kind.as_str(), 0),
            };
            let kinds = sinks.bits(kind).ok_or_else(many)?;
            let read = Expression::parse(written)?;
            if let Some(text) = read.contains {
                self.contains.push(Contains { text, kinds, negated: read.negated, after });
                continue;
            }
            let node = self.insert(&read);
            if read.compared {
                self.nodes[node as usize].say().compared |= kinds;
                continue;
            }
            let slot = read.slots.first().cloned().unwrap_or(Slot::Receiver);
            let (negated, requirements) = (read.negated, read.requirements);
            self.nodes[node as usize].say().guards.push(Guard { kinds, slot, negated, after, requirements });
        }
        for (kind, written) in each(&model.returns) {
            let to = self.insert(&Expression::parse(kind)?);
            let read = Expression::parse(written)?;
            let from = self.insert(&read);
            let (becomes, node) = (Some(to).filter(|to| *to != from), &mut self.nodes[from as usize]);
            if read.requirements.is_empty() {
                node.becomes = becomes;
            } else {
                let requirements = read.requirements;
                node.say().conditional.push(Conditional { requirements, becomes, ..Conditional::default() });
            }
        }
        for handler in &model.handler {
            let mut parameters = Vec::new();
            for kind in &handler.parameters {
                parameters.push(match kind.as_str() {
                    "_" => None,
                    kind => Some(self.insert(&Expression::parse(kind)?)),
                });
            }
            let compiled = Handler {
                parameters,
                rest: handler.rest.as_deref().and_then(|kind| sources.get(kind)),
                typed: handler.typed,
                result: handler.result.as_deref().and_then(|kind| sinks.get(kind)),
                schemas: handler.schema.clone().into_iter().collect(),
            };
            let listed = handler.decorator.iter().chain(&handler.call);
            for written in listed.chain(&handler.assignment).chain(&handler.method) {
                let read = Expression::parse(written)?;
                let node = self.insert(&read);
                self.nodes[node as usize].say().handlers.push((read.requirements, compiled.clone()));
            }
            let directives = handler.directive.iter().map(|directive| (directive.clone(), compiled.clone()));
            self.directives.extend(directives);
            for pattern in &handler.object {
                let names: Vec<String> = pattern.split('.').map(str::to_owned).collect();
                let first = names.first().into_iter().flat_map(|first| first.split('&'));
                self.object_names.extend(first.filter(|name| *name != "*").map(str::to_owned));
                self.objects.push((names, compiled.clone()));
            }
            for name in &handler.export {
                let paths = handler.path.clone();
                self.exports.push(Export { name: name.clone(), paths, handler: compiled.clone() });
            }
        }
        Ok(())
    }

    fn insert(&mut self, expression: &Expression) -> NodeId {
        // What requirements speak of has to be there to be told apart.
        for typed in expression.requirements.iter().filter_map(|one| one.value.strip_prefix('@')) {
            if let Ok(read) = Expression::parse(typed) {
                self.insert(&read);
            }
        }
        let mut node = match expression.root {
            Root::Named => NAMED,
            Root::Unknown => UNKNOWN,
            Root::Any => ANYTHING,
        };
        for part in &expression.parts {
            let next = self.nodes.len() as NodeId;
            let at = &mut self.nodes[node as usize];
            let (found, path) = match part {
                Part::Member(name) => {
                    let path = match at.path.as_str() {
                        "" | "~" => name.clone(),
                        path => format!("{path}.{name}"),
                    };
                    (*at.members.entry(name.as_str().into()).or_insert(next), path)
                }
                Part::Call => (*at.call.get_or_insert(next), format!("{}()", at.path)),
            };
            if found == next {
                self.nodes.push(Node { path, ..Node::default() });
            }
            // Not followed to its type here: models are added in any order.
            node = found;
        }
        node
    }
}

fn each(table: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = (&String, &String)> {
    table.iter().flat_map(|(kind, list)| list.iter().map(move |written| (kind, written)))
}
