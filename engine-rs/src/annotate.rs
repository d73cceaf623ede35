//! A whole frame at once: pushes over segments that overlap by the memory, which finite memory makes exact.

use crate::assessor::Assessor;
use crate::candle::{BadCandle, Frame};
use crate::columns::COLUMN_COUNT;
use crate::params::Params;
use crate::simd::{Backend, Kernel, Simd};

/// Shortest segment in units of the memory, so that warming up again costs at most a sixteenth.
const SEGMENT_MEMORIES: usize = 16;

/// Measures and verdict of every row: column-major, in the order of [`crate::columns::COLUMNS`], `rows × COLUMN_COUNT` values.
/// The first [`Params::memory_rows`] rows are not ready.
///
/// # Errors
/// The first invalid candle.
pub fn annotate(params: &Params, frame: Frame<'_>) -> Result<Vec<f64>, BadCandle> {
    annotate_with(params, frame, Backend::best(), threads())
}

/// [`annotate`] on a given instruction set and cut for a given number of threads, neither of which changes the result.
///
/// # Errors
/// The first invalid candle.
pub fn annotate_with(params: &Params, frame: Frame<'_>, backend: Backend, threads: usize) -> Result<Vec<f64>, BadCandle> {
    frame.check()?;
    let rows = frame.rows();
    let mut block = vec![f64::NAN; rows * COLUMN_COUNT];
    if rows == 0 {
        return Ok(block);
    }
    let length = rows.div_ceil(threads.max(1)).max(SEGMENT_MEMORIES * params.memory_rows());
    let mut segments = cut(&mut block, rows, length);
    let run = |segment: &mut Segment<'_>| backend.run(RunSegment { params, frame, backend, segment });
    #[cfg(feature = "parallel")]
    if segments.len() > 1 {
        use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
        segments.par_iter_mut().for_each(run);
        return Ok(block);
    }
    segments.iter_mut().for_each(run);
    Ok(block)
}

#[cfg(feature = "parallel")]
fn threads() -> usize {
    rayon::current_num_threads()
}

#[cfg(not(feature = "parallel"))]
fn threads() -> usize {
    1
}

/// Rows `start ..` of the result, one slice per column.
struct Segment<'a> {
    start: usize,
    columns: [&'a mut [f64]; COLUMN_COUNT],
}

/// Cuts a column-major block into segments of at most `length` rows.
fn cut(block: &mut [f64], rows: usize, length: usize) -> Vec<Segment<'_>> {
    let mut segments: Vec<Segment<'_>> =
        (0..rows).step_by(length).map(|start| Segment { start, columns: std::array::from_fn(|_| Default::default()) }).collect();
    for (j, column) in block.chunks_exact_mut(rows).enumerate() {
        for (segment, part) in segments.iter_mut().zip(column.chunks_mut(length)) {
            segment.columns[j] = part;
        }
    }
    segments
}

struct RunSegment<'a, 'b> {
    params: &'a Params,
    frame: Frame<'a>,
    backend: Backend,
    segment: &'a mut Segment<'b>,
}

impl Kernel for RunSegment<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut assessor = Assessor::with_backend(self.params.clone(), self.backend);
        let Segment { start, columns } = self.segment;
        let warm_up = start.saturating_sub(self.params.memory_rows());
        for row in warm_up..*start + columns[0].len() {
            #[cfg(feature = "fault-injection")]
            crate::fault::panic_if_asked(&self.frame.candle(row));
            assessor.push_checked(s, &self.frame.candle(row));
            if let Some(i) = row.checked_sub(*start) {
                for (column, value) in columns.iter_mut().zip(assessor.assessment().row()) {
                    column[i] = value;
                }
            }
        }
    }
}
