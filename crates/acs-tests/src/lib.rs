//! Tests of the whole workspace against the emulator; not published.
