use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{FieldValue, Model, Schema};

/// A struct behind a pointer, in a ring of many that hold each other.
///
/// The compiler finds out whether a struct can go to another thread from its fields, theirs, and so on, and gives up
/// where that goes on for long. It does not look behind this pointer, since only what can is put there. Made by `into()`;
/// it lends the struct like a `Box`.
pub struct Link<T: 'static>(Box<dyn Held<T>>);

/// What is behind a link.
trait Held<T>: Send + Sync {
    fn lend(&self) -> &T;
    fn lend_mut(&mut self) -> &mut T;
    fn copy(&self) -> Link<T>;
    fn unpack(self: Box<Self>) -> T;
}

impl<T: Model + Clone + 'static> Held<T> for T {
    fn lend(&self) -> &T {
        self
    }

    fn lend_mut(&mut self) -> &mut T {
        self
    }

    fn copy(&self) -> Link<T> {
        Link::from(self.clone())
    }

    fn unpack(self: Box<Self>) -> T {
        *self
    }
}

impl<T> Link<T> {
    /// Returns the struct itself.
    pub fn into_inner(self) -> T {
        self.0.unpack()
    }
}

impl<T: Model + Clone> From<T> for Link<T> {
    fn from(value: T) -> Self {
        Self(Box::new(value))
    }
}

impl<T: Model + Clone + Default> Default for Link<T> {
    fn default() -> Self {
        Self::from(T::default())
    }
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        self.0.copy()
    }
}

impl<T> Deref for Link<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.lend()
    }
}

impl<T> DerefMut for Link<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.lend_mut()
    }
}

impl<T: PartialEq> PartialEq for Link<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Link<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Model> Model for Link<T> {
    fn schema(&self) -> &'static Schema {
        (**self).schema()
    }

    fn get(&self, index: usize) -> &dyn FieldValue {
        (**self).get(index)
    }

    fn get_mut(&mut self, index: usize) -> &mut dyn FieldValue {
        (**self).get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Node {
        name: Option<String>,
        next: Option<Vec<Link<Self>>>,
    }

    crate::model! {
        Node {
            0 name: string("Name"),
            1 next: list("Next"),
        }
    }

    #[test]
    fn a_link_is_read_written_and_compared_like_what_it_holds() {
        let json = r#"{"Name":"a","Next":[{"Name":"b"},{"Next":[{"Name":"c"}]}]}"#;
        let mut node = Link::<Node>::default();
        crate::decode::decode(&json.into(), &mut node).unwrap();
        let written = crate::model::write_json(&node.view()).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), json);
        let copy = node.clone();
        assert_eq!(copy, node);
        node.name = None;
        assert_ne!(copy, node);
        assert_eq!(copy.into_inner().name.as_deref(), Some("a"));
    }

    #[test]
    fn a_link_goes_to_other_threads() {
        fn is_send_and_sync<T: Send + Sync>() {}
        is_send_and_sync::<Link<Node>>();
    }
}
