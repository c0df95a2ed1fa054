"""Adam (Kingma and Ba 2015), of which the update itself is torch's.

torch.optim.Adam would load PyTorch's compiler with the first one that is made in a process: seconds before the first
step, and 70 MB in each worker, for nothing that is used here.
"""

import torch
from torch import Tensor
from torch.optim.adam import adam

BETAS = (0.8, 0.95)  # short memories: what is trained or fitted here takes a few thousand steps at most
EPSILON = 1e-8


class Adam:
    """Moves groups of parameters down their gradients.

    groups: dictionaries with "params", a list of tensors, and "lr", their rate, which may be set before each step.
    fused: one pass over all numbers, the fastest on every device; the other one rounds a little differently.
    """

    def __init__(self, groups: list[dict], fused: bool = True):
        self.groups = groups
        self.fused = fused
        self._moments: dict[int, dict[str, Tensor]] = {}  # by the parameter's place among all, from the first step on

    @property
    def parameters(self) -> list[Tensor]:
        """Those of all groups, in their order."""
        return [parameter for group in self.groups for parameter in group["params"]]

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One update of each parameter by its gradient."""
        if not self._moments:
            self._moments = {place: self._zero(parameter) for place, parameter in enumerate(self.parameters)}
        moments = iter(self._moments.values())
        for group in self.groups:
            own = [next(moments) for _ in group["params"]]
            adam(
                group["params"],
                [parameter.grad for parameter in group["params"]],
                [one["exp_avg"] for one in own],
                [one["exp_avg_sq"] for one in own],
                [],
                [one["step"] for one in own],
                fused=self.fused,
                foreach=False,
                amsgrad=False,
                beta1=BETAS[0],
                beta2=BETAS[1],
                lr=group["lr"],
                weight_decay=0.0,
                eps=EPSILON,
                maximize=False,
            )

    def _zero(self, parameter: Tensor) -> dict[str, Tensor]:
        """Both moments of a parameter and the number of its steps, as torch.optim.Adam names and begins them."""
        return {
            "step": torch.zeros((), device=parameter.device if self.fused else "cpu"),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }

    def state(self) -> dict[int, dict[str, Tensor]]:
        """The moments by the parameter's place, not copied; empty before the first step."""
        return self._moments

    def restore(self, state: dict[int, dict[str, Tensor]]) -> None:
        """Goes on from such a state, of which copies are taken."""
        self._moments = {
            place: {name: tensor.to(parameter.device, copy=True) for name, tensor in state[place].items()}
            for place, parameter in enumerate(self.parameters)
            if state
        }
