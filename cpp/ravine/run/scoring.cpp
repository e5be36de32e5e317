// Predictions and scores, compiled once for each precision.
#include "scoring.hpp"

namespace ravine {

template void predict(Network<float>&, const float*, float*, Index, const float*, bool, Mode, std::uint64_t,
                      std::uint64_t, float*, Workspace<float>&, const CheckStop&);
template void predict(Network<double>&, const double*, double*, Index, const double*, bool, Mode,
                      std::uint64_t, std::uint64_t, double*, Workspace<double>&, const CheckStop&);
template Scores score(Network<float>&, const float*, float*, const Rows<float>&, Workspace<float>&,
                      const CheckStop&);
template Scores score(Network<double>&, const double*, double*, const Rows<double>&, Workspace<double>&,
                      const CheckStop&);

} // namespace ravine
