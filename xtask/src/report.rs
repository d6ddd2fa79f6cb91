//! The end line of a generation, after what can't be expressed.

use crate::model::{Output, Package};

/// Prints it.
#[allow(clippy::print_stdout, reason = "the answer of the command")]
pub(crate) fn print<'a>(packages: impl Iterator<Item = &'a Package>) {
    let (mut operations, mut types, mut unsupported) = (0, 0, 0);
    for package in packages {
        for item in &package.unsupported {
            // A line for each, whatever a name holds.
            let line = format!("{} {item}", package.product).replace(char::is_control, " ");
            println!("unsupported: {line}");
        }
        operations += package.operations.len();
        types += count_types(package);
        unsupported += package.unsupported.len();
    }
    println!("{operations} operations, {types} types, {unsupported} unsupported");
}

fn count_types(package: &Package) -> usize {
    let operations = package
        .operations
        .iter()
        .map(|it| 1 + usize::from(matches!(it.output, Output::Struct(_))) + it.types.len());
    operations.sum::<usize>()
        + package
            .components
            .iter()
            .map(|(_, types)| types.len())
            .sum::<usize>()
}
