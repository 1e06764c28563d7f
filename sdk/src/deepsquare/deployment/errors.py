"""What can go wrong with a deployment."""

from deepsquare.errors import Broken, Refused


class DeploymentRefused(Refused):
    """The deployment cannot go on as it was asked for; the message says what to change."""

    code = "deployment_refused"


class DeploymentBroken(Broken):
    """What is on chain is not what was planned."""

    code = "deployment_broken"
