//! Hashing a text while it is being written.
//!
//! A processor with SHA instructions takes a block as one chain of them, each waiting for the one before, which leaves
//! most of its ports idle. Hashing a finished text adds that time to the time of writing it. Given each block as soon as
//! it is whole, the processor encodes what comes next while the block's rounds are under way.

use hmac::digest::array::Array;
use hmac::digest::block_api::{Buffer, CoreProxy, UpdateCore};
use hmac::digest::{FixedOutput, Output, Update};

/// The bytes that SHA-1 and SHA-256 take at a time.
const BLOCK: usize = 64;

/// Who is told of each piece of a text once it is written.
pub(crate) trait Follow {
    /// Takes note of the whole text so far; what was there before must still be as it was.
    fn follow(&mut self, text: &[u8]);

    /// The same where the text ends for a while.
    fn catch_up(&mut self, text: &[u8]);
}

/// Nobody: the text is not hashed.
impl Follow for () {
    #[inline(always)]
    fn follow(&mut self, _: &[u8]) {}

    #[inline(always)]
    fn catch_up(&mut self, _: &[u8]) {}
}

impl<F: Follow> Follow for &mut F {
    #[inline(always)]
    fn follow(&mut self, text: &[u8]) {
        F::follow(self, text);
    }

    #[inline(always)]
    fn catch_up(&mut self, text: &[u8]) {
        F::catch_up(self, text);
    }
}

/// A hash or a MAC of a growing text.
pub(crate) struct Running<H: CoreProxy> {
    /// What the hash wraps with its buffer, which whole blocks need not go through.
    core: H::Core,
    buffer: Buffer<H::Core>,
    /// How many bytes of the text the hash has, whole blocks always.
    taken: usize,
}

impl<H> Running<H>
where
    H: CoreProxy<Core: UpdateCore> + Update + FixedOutput,
{
    /// Begins with a hash that has taken whole blocks only.
    #[inline(always)]
    pub(crate) fn new(hash: H) -> Self {
        let (core, buffer) = hash.decompose();
        Self {
            core,
            buffer,
            taken: 0,
        }
    }

    /// The hash of the whole text.
    #[inline(always)]
    pub(crate) fn finish(self, text: &[u8]) -> Output<H> {
        let mut hash = H::compose(self.core, self.buffer);
        hash.update(&text[self.taken..]);
        hash.finalize_fixed()
    }

    #[inline(always)]
    fn take_to(&mut self, text: &[u8], end: usize) {
        let end = end / BLOCK * BLOCK;
        if self.taken < end {
            let (blocks, _) = Array::slice_as_chunks(&text[self.taken..end]);
            self.core.update_blocks(blocks);
            self.taken = end;
        }
    }
}

impl<H> Follow for Running<H>
where
    H: CoreProxy<Core: UpdateCore> + Update + FixedOutput,
{
    /// Stays a block behind: what has just been stored would have to be waited for.
    #[inline(always)]
    fn follow(&mut self, text: &[u8]) {
        self.take_to(text, text.len().saturating_sub(BLOCK));
    }

    #[inline(always)]
    fn catch_up(&mut self, text: &[u8]) {
        self.take_to(text, text.len());
    }
}
