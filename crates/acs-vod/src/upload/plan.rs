use std::ops::Range;

use acs_core::Error;
use acs_oss::{MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES};

const MIB: u64 = 1 << 20;
/// Parts larger than this gain no speed; smaller ones lose less when one has to be sent again.
const PREFERRED_PART_BYTES: u64 = 8 * MIB;
/// Some parts fewer than OSS allows, as a margin.
const MOST_PARTS_WANTED: u64 = 9_000;

/// The largest file: 10,000 parts of 5 GiB, 48.8 TiB.
pub(super) const MAX_FILE_BYTES: u64 = MAX_PARTS as u64 * MAX_PART_BYTES;

/// How a file is cut into parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PartPlan {
    size: u64,
    part_size: u64,
}

impl PartPlan {
    /// Plans for a file of `size` bytes, of which `parallel` parts are sent at once.
    ///
    /// Parts have whole MiB: enough of them that each of the parallel places gets four, but none above 8 MiB, and for
    /// large files so much that there are about 9000 of them at most.
    ///
    /// # Errors
    /// The file is empty, or larger than 48.8 TiB.
    pub fn new(size: u64, parallel: usize) -> Result<Self, Error> {
        let places = 4 * (parallel as u64).max(1);
        let even = size.div_ceil(places).clamp(1, PREFERRED_PART_BYTES);
        let needed = size.div_ceil(MOST_PARTS_WANTED);
        Self::with_part_size(size, even.max(needed).next_multiple_of(MIB))
    }

    /// Plans for a file of `size` bytes with parts of a wished size: it is raised to 100 KiB and to what keeps the
    /// parts within 10,000, and lowered to 5 GiB.
    ///
    /// # Errors
    /// The file is empty, or larger than 48.8 TiB.
    pub fn with_part_size(size: u64, wished: u64) -> Result<Self, Error> {
        if size == 0 {
            return Err(Error::invalid_parameter(
                "file",
                "is empty: VOD takes no empty files",
            ));
        }
        if size > MAX_FILE_BYTES {
            return Err(Error::invalid_parameter(
                "file",
                format!("has {size} bytes, and {MAX_FILE_BYTES} (48.8 TiB) are allowed"),
            ));
        }
        let least = size.div_ceil(u64::from(MAX_PARTS)).max(MIN_PART_BYTES);
        Ok(Self {
            size,
            part_size: wished.clamp(least, MAX_PART_BYTES),
        })
    }

    /// Returns the size of every part but the last, in bytes.
    pub fn part_size(&self) -> u64 {
        self.part_size
    }

    /// Returns how many parts there are: at least 1.
    pub fn count(&self) -> u32 {
        // At most `MAX_PARTS`, since no part is smaller than what they need.
        u32::try_from(self.size.div_ceil(self.part_size)).unwrap_or(MAX_PARTS)
    }

    /// Returns the parts in order: their numbers, from 1, and their stretches of the file.
    pub fn parts(&self) -> impl Iterator<Item = (u32, Range<u64>)> + use<> {
        let Self { size, part_size } = *self;
        (1..=self.count()).map(move |number| {
            let start = u64::from(number - 1) * part_size;
            (number, start..(start + part_size).min(size))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_files_get_parts_that_fill_the_places() {
        for (size, part_size, count) in [
            (1, MIB, 1),
            (20 * MIB, 2 * MIB, 10),
            (300 * MIB, 8 * MIB, 38),
            (72_000 * MIB, 8 * MIB, 9_000),
            (72_001 * MIB, 9 * MIB, 8_001),
            (MAX_FILE_BYTES, MAX_PART_BYTES, 10_000),
        ] {
            let plan = PartPlan::new(size, 4).unwrap();
            assert_eq!(
                (plan.part_size(), plan.count()),
                (part_size, count),
                "{size}"
            );
        }
    }

    #[test]
    fn files_that_cannot_be_uploaded_are_refused() {
        assert!(PartPlan::new(0, 4).is_err());
        assert!(PartPlan::new(MAX_FILE_BYTES + 1, 4).is_err());
    }

    proptest! {
        #[test]
        fn every_plan_is_within_the_limits_of_oss(size in 1..=MAX_FILE_BYTES, parallel in 0_usize..100, wished in any::<u64>()) {
            for plan in [PartPlan::new(size, parallel).unwrap(), PartPlan::with_part_size(size, wished).unwrap()] {
                prop_assert!((1..=MAX_PARTS).contains(&plan.count()));
                prop_assert!((MIN_PART_BYTES..=MAX_PART_BYTES).contains(&plan.part_size()));
            }
        }

        #[test]
        fn the_parts_cover_the_file_once(size in 1..(200 * MIB), wished in MIN_PART_BYTES..(20 * MIB)) {
            let plan = PartPlan::with_part_size(size, wished).unwrap();
            let mut next = (1, 0);
            for (number, range) in plan.parts() {
                prop_assert_eq!((number, range.start), next);
                prop_assert!(range.end > range.start);
                next = (number + 1, range.end);
            }
            prop_assert_eq!(next, (plan.count() + 1, size));
        }
    }
}
