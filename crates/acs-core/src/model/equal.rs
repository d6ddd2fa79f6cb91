use super::{FieldValue, List, Map, Model, View};

/// Says whether two values of one type have the same fields.
pub fn equal(a: &dyn Model, b: &dyn Model) -> bool {
    let count = a.schema().fields.len();
    count == b.schema().fields.len()
        && (0..count).all(|index| are_equal(a.get(index), b.get(index)))
}

fn are_equal(a: &dyn FieldValue, b: &dyn FieldValue) -> bool {
    match (a.view(), b.view()) {
        (View::Absent, View::Absent) => true,
        (View::Text(a), View::Text(b)) => a == b,
        (View::Integer(a), View::Integer(b)) => a == b,
        (View::Float(a), View::Float(b)) => a == b,
        (View::Boolean(a), View::Boolean(b)) => a == b,
        (View::Object(a), View::Object(b)) => equal(a, b),
        (View::List(a), View::List(b)) => are_lists_equal(a, b),
        (View::Map(a), View::Map(b)) => are_maps_equal(a, b),
        (View::Json(a), View::Json(b)) => a == b,
        (View::Bytes(a), View::Bytes(b)) => a == b,
        _ => false,
    }
}

fn are_lists_equal(a: &dyn List, b: &dyn List) -> bool {
    let pair = |index| a.item(index).zip(b.item(index));
    a.len() == b.len() && (0..a.len()).filter_map(pair).all(|(a, b)| are_equal(a, b))
}

/// Both go through their names in order.
fn are_maps_equal(a: &dyn Map, b: &dyn Map) -> bool {
    a.len() == b.len()
        && (0..a.len()).all(|index| match (a.entry_at(index), b.entry_at(index)) {
            (Some((name, value)), Some((other_name, other))) => {
                name == other_name && are_equal(value, other)
            }
            _ => false,
        })
}
