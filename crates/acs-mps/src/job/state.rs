use std::fmt;

/// The state of a transcoding job. A state that this version doesn't know keeps its text.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum JobState {
    /// Waits in its pipeline.
    Submitted,
    /// Runs; the job's `percent` says how far.
    Transcoding,
    /// Ended well: the output object is there.
    TranscodeSuccess,
    /// Ended badly: the job's `code` and `message` say why.
    TranscodeFail,
    /// Was cancelled.
    TranscodeCancelled,
    /// Another state, as the service wrote it.
    Unknown(String),
}

impl JobState {
    /// Reads the service's word.
    pub fn parse(text: &str) -> Self {
        match text {
            "Submitted" => Self::Submitted,
            "Transcoding" => Self::Transcoding,
            "TranscodeSuccess" => Self::TranscodeSuccess,
            "TranscodeFail" => Self::TranscodeFail,
            "TranscodeCancelled" => Self::TranscodeCancelled,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// Returns the service's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Submitted => "Submitted",
            Self::Transcoding => "Transcoding",
            Self::TranscodeSuccess => "TranscodeSuccess",
            Self::TranscodeFail => "TranscodeFail",
            Self::TranscodeCancelled => "TranscodeCancelled",
            Self::Unknown(text) => text,
        }
    }

    /// Says whether the job will change no more.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::TranscodeSuccess | Self::TranscodeFail | Self::TranscodeCancelled
        )
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_the_future_keeps_its_text_and_is_waited_for() {
        let state = JobState::parse("Paused");
        assert_eq!(state.as_str(), "Paused");
        assert!(!state.is_final());
    }
}
