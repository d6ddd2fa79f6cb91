//! Ids of the preset templates that need no set-up: static ones for MP4 and HLS, and the remuxing one.
//!
//! See "Preset template details" in the MPS documentation. A smart preset (`S00000000-…`) needs an analysis job
//! on the same input first.

/// MP4, low definition, 360p.
pub const MP4_LD: &str = "S00000001-200010";
/// MP4, standard definition, 480p.
pub const MP4_SD: &str = "S00000001-200020";
/// MP4, high definition, 720p.
pub const MP4_HD: &str = "S00000001-200030";
/// MP4, full high definition, 1080p.
pub const MP4_FHD: &str = "S00000001-200040";
/// HLS, low definition, 360p.
pub const HLS_LD: &str = "S00000001-100010";
/// HLS, standard definition, 480p.
pub const HLS_SD: &str = "S00000001-100020";
/// HLS, high definition, 720p.
pub const HLS_HD: &str = "S00000001-100030";
/// HLS, full high definition, 1080p.
pub const HLS_FHD: &str = "S00000001-100040";
/// MP3, 64 kbit/s.
pub const MP3_64K: &str = "S00000001-300010";
/// MP3, 320 kbit/s.
pub const MP3_320K: &str = "S00000001-300050";
/// Streams copied as they are into another container.
pub const REMUX: &str = "S00000001-000000";
