//! Which package needs which, as a lockfile has it, and the shortest way to one from the project itself.

/// The most names of a way.
const LONGEST: usize = 32;

/// Packages, those of other places than a registry included, and what each needs.
#[derive(Debug, Default)]
pub(in crate::deps) struct Graph {
    names: Vec<Box<str>>,
    needs: Vec<Vec<u32>>,
    roots: Vec<u32>,
}

/// A package of a [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::deps) struct Node(u32);

impl Graph {
    /// Adds a package.
    pub(super) fn add(&mut self, name: &str) -> Node {
        let node = Node(self.names.len() as u32);
        self.names.push(name.into());
        self.needs.push(Vec::new());
        node
    }

    /// Says that one package needs another.
    pub(super) fn need(&mut self, of: Node, other: Node) {
        self.needs[of.0 as usize].push(other.0);
    }

    /// The names of all packages.
    pub(in crate::deps) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Says that ways begin at a package: it is the project itself, a part of it, or what it asks for.
    pub(super) fn root(&mut self, node: Node) {
        self.roots.push(node.0);
    }

    /// Lets ways begin at each package that no other needs, for a lockfile that does not say what the project asks for.
    pub(super) fn root_unneeded(&mut self) {
        let mut needed = vec![false; self.names.len()];
        self.needs.iter().flatten().for_each(|other| needed[*other as usize] = true);
        self.roots.extend((0..).zip(needed).filter(|(_, needed)| !needed).map(|(node, _)| node));
    }

    /// What a package needs.
    pub(in crate::deps) fn needs(&self, node: Node) -> impl Iterator<Item = Node> {
        self.needs[node.0 as usize].iter().map(|other| Node(*other))
    }

    /// The shortest ways to all packages; of two the one that is written first.
    pub(in crate::deps) fn ways(&self) -> Ways<'_> {
        let mut before = vec![None; self.names.len()];
        let mut open = std::collections::VecDeque::new();
        for root in &self.roots {
            if before[*root as usize].is_none() {
                before[*root as usize] = Some(*root);
                open.push_back(*root);
            }
        }
        while let Some(at) = open.pop_front() {
            for next in &self.needs[at as usize] {
                if before[*next as usize].is_none() {
                    before[*next as usize] = Some(at);
                    open.push_back(*next);
                }
            }
        }
        Ways { graph: self, before }
    }
}

/// The shortest way to each package.
pub(in crate::deps) struct Ways<'g> {
    graph: &'g Graph,
    /// The package before each on its way; a root is before itself.
    before: Vec<Option<u32>>,
}

impl Ways<'_> {
    /// Whether any leads to a package.
    pub(super) fn lead_to(&self, node: Node) -> bool {
        self.before[node.0 as usize].is_some()
    }

    /// The names on the way to a package, itself last; empty when nothing leads to it. Of a way that is longer than any
    /// that people follow `..` stands for its beginning.
    pub(in crate::deps) fn to(&self, node: Node) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = node.0;
        while let Some(before) = self.before[at as usize] {
            if names.len() >= LONGEST {
                names.push("..");
                break;
            }
            names.push(&*self.graph.names[at as usize]);
            if before == at {
                break;
            }
            at = before;
        }
        names.reverse();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_from_a_root() {
        let mut graph = Graph::default();
        let [app, one, two, deep, alone] = ["app", "one", "two", "deep", "alone"].map(|name| graph.add(name));
        graph.root(app);
        for (of, other) in [(app, one), (one, two), (two, one), (two, deep), (app, two), (deep, app)] {
            graph.need(of, other);
        }
        let ways = graph.ways();
        assert_eq!(ways.to(deep), ["app", "two", "deep"]);
        assert_eq!(ways.to(app), ["app"]);
        assert!(ways.to(alone).is_empty());
        assert!(ways.lead_to(deep) && !ways.lead_to(alone));
        graph.root_unneeded();
        assert_eq!(graph.ways().to(alone), ["alone"]);
    }

    #[test]
    fn a_way_without_end_is_cut_at_its_beginning() {
        let mut chain = Graph::default();
        let nodes: Vec<Node> = (0..100).map(|number| chain.add(&number.to_string())).collect();
        chain.root(nodes[0]);
        nodes.windows(2).for_each(|two| chain.need(two[0], two[1]));
        let ways = chain.ways();
        assert_eq!((ways.to(nodes[99]).len(), ways.to(nodes[99])[0]), (LONGEST + 1, ".."));
    }
}
