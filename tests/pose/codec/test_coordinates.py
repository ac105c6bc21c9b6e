import numpy as np
import pytest
import torch

from flixpose.pose.codec import coordinates
from flixpose.pose.nets.realnvp import RealNvp


def rough_flow() -> RealNvp:
    """One that bends space."""
    torch.manual_seed(3)
    flow = RealNvp(wide=16).double()
    for parameter in flow.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return flow.requires_grad_(False)


def test_decode_is_encodes_inverse_and_the_first_pixel_is_nought():
    xy = np.array([[[0.5, 0.5], [96.0, 100.25]]])
    shares = coordinates.encode(xy, (192, 256))
    assert shares[0, 0].tolist() == [0, 0]
    assert coordinates.decode(shares, (192, 256)) == pytest.approx(xy, abs=1e-4)


def test_a_flow_is_invertible_and_knows_how_it_changes_volumes():
    flow = rough_flow()
    x = torch.randn(5, 2, dtype=torch.float64)
    z, change = flow.straightened(x)
    assert torch.allclose(flow.bent(z), x, atol=1e-9)
    assert float((z - x).abs().max()) > 0.1
    for row in range(5):
        jacobian = torch.autograd.functional.jacobian(lambda p: flow.straightened(p)[0], x[row])
        assert float(change[row]) == pytest.approx(float(torch.linalg.slogdet(jacobian)[1]), abs=1e-9)


def test_a_flows_density_is_one_in_all():
    ticks = torch.linspace(-18, 18, 361, dtype=torch.float64)
    points = torch.cartesian_prod(ticks, ticks)
    with torch.inference_mode():
        total = rough_flow().log_density(points).exp().sum() * (ticks[1] - ticks[0]) ** 2
    assert float(total) == pytest.approx(1, abs=1e-3)


def test_a_new_flow_leaves_the_simple_densities_times_the_normal_one():
    xy, target = torch.zeros(1, 2, 2), torch.tensor([[[0.1, -0.2], [9.0, 9.0]]])
    sigma, seen = torch.full((1, 2, 2), 0.5), torch.tensor([[1.0, 0.0]])
    flow = RealNvp().requires_grad_(False)
    for base, density in (("laplace", torch.distributions.Laplace), ("normal", torch.distributions.Normal)):
        loss = coordinates.residual_loss(flow, xy, sigma, target, seen, base=base)
        left = target[0, 0] / 0.5
        wanted = (
            -density(0.0, 1.0).log_prob(left).sum() - torch.distributions.Normal(0, 1).log_prob(left).sum()
        )
        assert float(loss) == pytest.approx(float(wanted) + 2 * float(np.log(0.5)), abs=0.02)


def test_learning_the_residuals_shape_beats_a_fixed_one():
    """Errors that lean to one side: the flow learns the side, the fixed density cannot."""
    torch.manual_seed(1)
    target = torch.distributions.Exponential(1.0).sample((256, 1, 2)) * 0.2
    seen = torch.ones(256, 1)

    def fitted(*, learns: bool) -> float:
        flow = RealNvp(wide=16)
        xy, log_sigma = torch.zeros(1, 1, 2, requires_grad=True), torch.zeros(1, 1, 2, requires_grad=True)
        weights = [xy, log_sigma, *(flow.parameters() if learns else [])]
        optimiser = torch.optim.Adam(weights, lr=0.02)
        for _ in range(90):
            loss = coordinates.residual_loss(
                flow, xy.expand_as(target), log_sigma.exp().expand_as(target), target, seen
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return float(loss.detach())

    assert fitted(learns=True) < fitted(learns=False) - 0.2
