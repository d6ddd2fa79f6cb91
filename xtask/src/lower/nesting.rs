//! How deeply components nest, and which of them hold each other in a ring.
//!
//! rustc gives up on types that stand in each other more deeply than its limit of recursion, with the types of the
//! standard library that lists and maps are made of counted in. Whether a struct is `Send` it finds out from all of its
//! fields, so that it goes on through pointers until it meets a struct again.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::components::core;
use crate::document::{Schema, Shape};

/// How many objects, lists and maps may stand in each other; rustc gives up somewhere above.
pub(crate) const MAX_DEPTH: usize = 32;

/// What a list counts for.
pub(super) const LIST_LEVELS: usize = 1;

/// What a map counts for, which is made of more types than a list.
pub(super) const MAP_LEVELS: usize = 3;

/// How many levels there may be on the way around a ring, as a sum over its components.
const MAX_RING: usize = 16;

pub(super) struct Nesting<'a> {
    schemas: HashMap<&'a str, &'a Schema>,
    /// Those that each holds, directly or through others.
    holds: HashMap<&'a str, HashSet<&'a str>>,
    heights: HashMap<&'a str, usize>,
    rings: Vec<BTreeSet<&'a str>>,
    /// The ring of each that is in one.
    ring_of: HashMap<&'a str, usize>,
    /// What is known of each ring: the levels on the way around, and whether that must be cut.
    known: HashMap<usize, (usize, bool)>,
}

impl<'a> Nesting<'a> {
    pub(super) fn new(components: &'a [(String, Schema)]) -> Self {
        let schemas: HashMap<&str, &Schema> = components
            .iter()
            .map(|(name, schema)| (name.as_str(), schema))
            .collect();
        let direct: HashMap<&str, Vec<&str>> = schemas
            .iter()
            .map(|(name, schema)| (*name, references(schema)))
            .collect();
        let holds = schemas.keys().map(|name| {
            let mut open = direct[name].clone();
            let mut seen = HashSet::new();
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    open.extend(direct.get(next).into_iter().flatten());
                }
            }
            (*name, seen)
        });
        let holds: HashMap<&str, HashSet<&str>> = holds.collect();
        let mut rings: Vec<BTreeSet<&str>> = Vec::new();
        let mut ring_of = HashMap::new();
        for (name, _) in components {
            let name = name.as_str();
            if holds[name].contains(name) && !ring_of.contains_key(name) {
                let is_in = |other: &&&str| holds.get(**other).is_some_and(|it| it.contains(name));
                let ring: BTreeSet<&str> = holds[name].iter().filter(is_in).copied().collect();
                ring_of.extend(ring.iter().map(|member| (*member, rings.len())));
                rings.push(ring);
            }
        }
        Self {
            schemas,
            holds,
            heights: HashMap::new(),
            rings,
            ring_of,
            known: HashMap::new(),
        }
    }

    /// The ring of a component, where it has so many levels that the way around must be cut.
    pub(super) fn ring(&mut self, name: &'a str) -> Option<usize> {
        let index = *self.ring_of.get(name)?;
        let (_, is_cut) = self.around(index);
        is_cut.then_some(index)
    }

    /// How many objects, lists and maps stand in each other in a component, with the components that it holds.
    pub(super) fn height(&mut self, name: &'a str) -> usize {
        if let Some(&height) = self.heights.get(name) {
            return height;
        }
        let ring = self.ring_of.get(name).copied();
        let around = ring.map(|index| (index, self.around(index)));
        let height = match around {
            // A way may go through all of them before it leaves.
            Some((index, (levels, false))) => self.highest(&self.rings[index].clone()) + levels,
            _ => self.highest(&BTreeSet::from([name])),
        };
        self.heights.insert(name, height);
        height
    }

    /// The levels on the way through all components of a ring, and whether it must be cut.
    fn around(&mut self, index: usize) -> (usize, bool) {
        if let Some(&known) = self.known.get(&index) {
            return known;
        }
        let ring = self.rings[index].clone();
        let levels = self.levels(&ring);
        let is_cut = levels > MAX_RING || levels + self.highest(&ring) > MAX_DEPTH - MAX_RING / 2;
        self.known.insert(index, (levels, is_cut));
        (levels, is_cut)
    }

    /// The height of the highest of a ring, without going around it.
    fn highest(&mut self, ring: &BTreeSet<&'a str>) -> usize {
        let mut height = |name: &&'a str| {
            let schema = self.schemas.get(name).copied();
            schema.map_or(0, |schema| self.below(name, schema, 0))
        };
        ring.iter().map(&mut height).max().unwrap_or_default()
    }

    /// The levels on the way through all components of a ring; one that holds only itself has none.
    fn levels(&self, ring: &BTreeSet<&str>) -> usize {
        if ring.len() == 1 {
            return 0;
        }
        let levels = |name: &&str| {
            let schema = self.schemas.get(name);
            schema.map_or(0, |schema| self.to_ring(ring, schema, 0))
        };
        ring.iter().map(levels).sum()
    }

    /// The deepest level at which a schema names one of a ring.
    fn to_ring(&self, ring: &BTreeSet<&str>, schema: &Schema, depth: usize) -> usize {
        match &schema.shape {
            _ if depth >= MAX_DEPTH => 0,
            Shape::List(inner) => self.to_ring(ring, inner, depth + LIST_LEVELS),
            Shape::Map(inner) => self.to_ring(ring, inner, depth + MAP_LEVELS),
            Shape::Object(properties) => properties
                .iter()
                .map(|(_, schema)| self.to_ring(ring, schema, depth + 1))
                .max()
                .unwrap_or_default(),
            Shape::Ref(name) if ring.contains(name.as_str()) => depth,
            _ => 0,
        }
    }

    /// The deepest level in a schema that stands at a level of a component; what would be deeper is cut off.
    fn below(&mut self, owner: &'a str, schema: &'a Schema, depth: usize) -> usize {
        let deepest = match &schema.shape {
            _ if depth >= MAX_DEPTH => depth,
            Shape::List(inner) => self.below(owner, inner, depth + LIST_LEVELS),
            Shape::Map(inner) => self.below(owner, inner, depth + MAP_LEVELS),
            Shape::Object(properties) => properties
                .iter()
                .map(|(_, schema)| self.below(owner, schema, depth + 1))
                .max()
                .unwrap_or(depth),
            Shape::Ref(name) => {
                let target = self.schemas.get(name.as_str()).copied();
                let is_circle = self
                    .holds
                    .get(name.as_str())
                    .is_none_or(|held| held.contains(owner));
                match target.filter(|_| !is_circle) {
                    None => depth,
                    Some(schema) if core(schema).is_some() => depth + self.height(name),
                    // It has no type of its own: what it is stands here.
                    Some(schema) => self.below(name, schema, depth),
                }
            }
            _ => depth,
        };
        if deepest > MAX_DEPTH { depth } else { deepest }
    }
}

/// The components that a schema names.
fn references(schema: &Schema) -> Vec<&str> {
    match &schema.shape {
        Shape::List(inner) | Shape::Map(inner) => references(inner),
        Shape::Object(properties) => properties
            .iter()
            .flat_map(|(_, schema)| references(schema))
            .collect(),
        Shape::Ref(name) => vec![name],
        _ => Vec::new(),
    }
}
