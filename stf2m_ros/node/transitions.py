"""Lifecycle transitions that fail in one line, and can be tried again after the mend."""

import functools
import logging
from typing import Callable

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from stf2m_ros.node.log_bridge import one_line

_LOG = logging.getLogger(__name__)
Transition = Callable[[LifecycleNode, LifecycleState], TransitionCallbackReturn]


def failing_clearly(undo: str) -> Callable[[Transition], Transition]:
    """What the transition raises is logged, and what it had begun is undone by the method of that name.

    rclpy would turn the exception into an error state and lose its text.
    """

    def decorate(transition: Transition) -> Transition:
        @functools.wraps(transition)
        def guarded(node: LifecycleNode, state: LifecycleState) -> TransitionCallbackReturn:
            try:
                return transition(node, state)
            except Exception as error:
                verb = transition.__name__.replace("on_", "")
                _LOG.error("%s failed: %s", verb, one_line(error), exc_info=_LOG.isEnabledFor(logging.DEBUG))
                getattr(node, undo)()
                return TransitionCallbackReturn.FAILURE

        return guarded

    return decorate


def refusing_the_impossible(node: LifecycleNode) -> None:
    """From now on a request for a transition that the node's state does not allow is answered with no.

    Up to Jazzy rclpy would let it end the process: https://github.com/ros2/rclpy/issues/1209
    """
    service = node._service_change_state
    change = service.callback

    def answer(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
        try:
            return change(request, response)
        except RuntimeError as error:  # rclpy's RCLError is one
            if not node.context.ok():
                raise
            asked = request.transition.label or request.transition.id
            _LOG.warning("transition %s refused: %s", asked, one_line(error))
            response.success = False
            return response

    service.callback = answer
